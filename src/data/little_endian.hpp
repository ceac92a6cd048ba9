#pragma once

#include <cstddef>

namespace constformer::data {

/// Unsigned words as files have them, on every machine.
/// @{
template <class Word>
[[nodiscard]] Word load(std::byte const* bytes) {
  Word value = 0;
  for (std::size_t i = sizeof(Word); i-- > 0;) value = static_cast<Word>(value << 8 | std::to_integer<Word>(bytes[i]));
  return value;
}
template <class Word>
void store(std::byte* bytes, Word value) {
  for (std::size_t i = 0; i < sizeof(Word); ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i));
}
/// @}

}  // namespace constformer::data
