#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace constformer::text {

/// GPT-2 writes each byte as a printable character: printable Latin-1 as itself, the other 68 from U+0100 on, in order.
char32_t alphabet_of_byte(unsigned char byte);

/// Appends `bytes` in that alphabet.
void append_alphabet(std::string& out, std::string_view bytes);

/// The bytes that `text` stands for; nothing if a character is not in the alphabet.
std::optional<std::string> bytes_of_alphabet(std::string_view text);

}  // namespace constformer::text
