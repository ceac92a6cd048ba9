#pragma once

#include <string_view>

#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/settings.hpp"

namespace constformer::text {

/// @{ A vocabulary with what stands beside it: tokens added, roles, and what the class of transformers does on top of
/// the file. Each takes what one kind of file holds.
[[nodiscard]] tokenizer_data json_with_settings(tokenizer_data data, tokenizer_settings const& settings);
[[nodiscard]] tokenizer_data bpe_with_settings(tokenizer_data data, tokenizer_settings const& settings);
[[nodiscard]] tokenizer_data sentencepiece_with_settings(tokenizer_data data, tokenizer_settings const& settings);
[[nodiscard]] tokenizer_data wordpiece_with_settings(std::string_view vocab, std::string_view name,
                                                     tokenizer_settings const& settings);
/// @}

}  // namespace constformer::text
