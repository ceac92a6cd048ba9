// Reads a checkpoint, and asks the model that was linked in what it keeps.
#include <cstdio>
#include <exception>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/generate/linked_weights.hpp"
#include "constformer/generate/session.hpp"

int main(int argc, char** argv) try {
  using namespace constformer;
  std::vector<mapped_file> files;
  made_bytes made;
  safetensors_content const folder = read_weights_folder(argv[argc - 1], files, made);
  checkpoint const opened = open_checkpoint(argv[argc - 1]);
  tensor_view const& qkv = *opened.find("transformer.h.0.attn.c_attn.weight");
  auto const [rows, columns] = matrix_of(qkv);
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  read_rows_f32(qkv, 0, rows, values);
  bool const all =
      folder.tensors.size() == opened.tensors.size() && values.front() != 0 && !linked_weights().embedded.empty();
  std::printf("%lld x %lld, the unit keeps %d positions\n", static_cast<long long>(rows),
              static_cast<long long>(columns), linked_unit().configuration->capacity);
  return all ? 0 : 1;
} catch (std::exception const& problem) {
  std::fprintf(stderr, "reader: %s\n", problem.what());
  return 1;
}
