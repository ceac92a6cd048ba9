// pack_fixture CHECKPOINT FILE [TYPE]
// Packs a checkpoint in TYPE, by default f32, as `constformer build --dtype TYPE` does, without compiling a program of
// it.
#include <cstdio>
#include <exception>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/dtype.hpp"
#include "pack.hpp"

using constformer::dtype;

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return std::fputs("usage: pack_fixture CHECKPOINT FILE [TYPE]\n", stderr), 2;
  try {
    auto const source = constformer::open_checkpoint(argv[1]);
    constformer::config model = source.model;
    for (dtype const type : {dtype::f16, dtype::bf16, dtype::q8_0, dtype::q4_0, dtype::iq4_nl})
      if (argc == 4 && argv[3] == name_of(type)) model.weights = type;
    model.group = quantisation_group(model.weights);
    constformer::command::pack_checkpoint(source, model, argv[2]);
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
