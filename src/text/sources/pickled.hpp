#pragma once

#include <string_view>

#include "checkpoint/pickle.hpp"
#include "constformer/text/tokenizer_data.hpp"

namespace constformer::text {

/// @{ What kinds of tokenizer pickles hold: a dict whose `itos` has the character of each id (nanoGPT's meta.pkl), and
/// an Encoding of tiktoken with its ranks, special tokens and pattern (nanochat's tokenizer.pkl). `name` is what errors
/// call the file.
[[nodiscard]] tokenizer_data characters_of(pickle_value const& root);
[[nodiscard]] tokenizer_data encoding_of(pickle_value const& root, std::string_view name);
/// @}

}  // namespace constformer::text
