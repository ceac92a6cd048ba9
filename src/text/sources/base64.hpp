#pragma once

#include <string>
#include <string_view>

namespace constformer::text {

/// The bytes of base64 text with its padding. Throws `error` with `name` on another character.
std::string decode_base64(std::string_view text, std::string_view name);

}  // namespace constformer::text
