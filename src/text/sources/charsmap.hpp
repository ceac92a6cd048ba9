#pragma once

#include <string_view>

#include "constformer/text/tokenizer_data.hpp"

namespace constformer::text {

/// Reads SentencePiece's precompiled_charsmap (u32 size of the double array, the array, zero-ended strings) into
/// `data`; an empty one is no map. Throws `error` with `name` if the sizes do not fit.
void read_charsmap(std::string_view bytes, std::string_view name, tokenizer_data& data);

}  // namespace constformer::text
