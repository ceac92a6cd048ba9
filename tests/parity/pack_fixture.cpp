// pack_fixture CHECKPOINT FILE
// Packs a checkpoint in f32 as `constformer build` does, without compiling a program of it.
#include <cstdio>
#include <exception>

#include "constformer/checkpoint/open.hpp"
#include "pack.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: pack_fixture CHECKPOINT FILE\n", stderr), 2;
  try {
    auto const source = constformer::open_checkpoint(argv[1]);
    constformer::command::pack_checkpoint(source, source.model, argv[2]);
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
