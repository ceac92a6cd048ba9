#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "constformer/text/tokenizer.hpp"

namespace constformer::program {

/// Cuts one text, or a pair, to `longest` tokens as the tokenizers library does: special tokens stay, and of a pair the
/// longer text gives first. `parts` are the ids of the texts alone; each loses its end, or with `left` its beginning.
void truncate(encoded_pair& input, std::span<std::vector<int> const> parts, std::size_t longest, bool left);

}  // namespace constformer::program
