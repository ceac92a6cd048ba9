#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// What a llama2.c .bin holds: its tensors under Hugging Face's llama names, viewing the file.
struct llama2c_content {
  checkpoint_format format = checkpoint_format::llama2c_v0;  ///< or llama2c_v1, llama2c_v2
  config model;                                              ///< valid; of family llama with interleaved pairs
  std::vector<tensor_view> tensors;                          ///< by name
};

/// Reads a llama2.c checkpoint (github.com/karpathy/llama2.c, export.py and run.c) that is in memory; `where` names it
/// in messages.
///
/// v0 has no magic: seven int32 (dim, hidden, layers, heads, kv heads, ±vocab, positions; a negative vocab says that
/// the head is a tensor of its own), then float32 tensors, among them two rotary tables that are skipped. v1 begins
/// with "ak42", version 1, the same seven int32 and a byte that is 1 if the head is shared, in a header of 256 bytes.
/// v2 is the same with version 2 and an int32 group size after the byte; its matrices are int8 with a float32 scale for
/// each group of values, all values of a tensor before all its scales; a group may run on from one row into the next.
/// Rotary pairs are interleaved, theta is 10000 and the norms' eps 1e-5, as run.c has them. Throws `error` if a number
/// is out of range, the version is another one, or the file is not exactly as long as its header asks for.
[[nodiscard]] llama2c_content read_llama2c(std::span<std::byte const> file, std::string_view where);

}  // namespace constformer
