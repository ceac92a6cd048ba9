// A GGUF file: its keys and tensors, the model that they describe, and the vocabulary.
#include "constformer/checkpoint/gguf.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "checkpoint/readers/gguf_model.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"

namespace {

template <class Call>
void try_to(Call call) {
  try {
    call();
  } catch (constformer::error const&) {  // the one way to say no
  }
}

// What was accepted can be read: the first and the last row of each tensor.
void read_edges(constformer::tensor_view const& tensor) {
  auto const [rows, columns] = constformer::matrix_of(tensor);
  std::vector<float> row(static_cast<std::size_t>(columns));
  constformer::read_rows_f32(tensor, 0, 1, row);
  constformer::read_rows_f32(tensor, rows - 1, 1, row);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const bytes = std::as_bytes(std::span(data, size));
  try_to([&] {
    auto const file = constformer::read_gguf(bytes, "input");
    std::size_t covered = 0;
    for (auto const& t : file.tensors) {
      covered += t.bytes.size();
      read_edges({t.name, t.type, t.shape, t.bytes});
    }
    if (covered > size) std::abort();
    static_cast<void>(constformer::read_gguf_model(file));
  });
  try_to([&] {
    auto const blob = constformer::pack(constformer::read_gguf_tokenizer(bytes, "input"));
    auto const tokens = constformer::open_tokenizer(blob);
    static_cast<void>(tokens->decode(tokens->encode("The clock's 1987 <s>[SEP] caf\xC3\xA9 \xE6\x99\x82  \n\xFF")));
  });
  return 0;
}
