#pragma once

#include <cstddef>
#include <string_view>

namespace constformer::program {

/// The offset of the first byte that begins no character of UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing
/// above U+10FFFF), or text.size().
std::size_t first_invalid_utf8(std::string_view text);

}  // namespace constformer::program
