#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "constformer/core/error.hpp"

namespace constformer::text {

/// Reads the fields of one protocol buffer message, bounds checked. Enough of the format for SentencePiece's models:
/// varints, 32 and 64 bit values and length-delimited fields; groups are refused.
class protobuf_message {
 public:
  protobuf_message(std::string_view bytes, std::string_view name) : rest_(bytes), name_(name) {}

  struct field {
    std::uint32_t number = 0;
    std::uint64_t value = 0;  ///< varints and fixed values
    std::string_view bytes;   ///< length-delimited values
    bool delimited = false;

    [[nodiscard]] float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
  };

  /// The next field; false at the end. Throws `error` on damage.
  bool next(field& f) {
    if (rest_.empty()) return false;
    std::uint64_t const key = varint();
    f = {static_cast<std::uint32_t>(key >> 3), 0, {}, false};
    switch (key & 7) {
      case 0: f.value = varint(); return true;
      case 1: f.value = fixed(8); return true;
      case 5: f.value = fixed(4); return true;
      case 2:
        f.delimited = true;
        f.bytes = bytes(varint());
        return true;
      default: fail("a field of an unknown wire type");
    }
  }

 private:
  [[noreturn]] void fail(char const* what) const {
    throw error(std::string(name_) + ": is no SentencePiece model, it has " + what);
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) fail("a number that does not end");
      auto const byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift < 64) value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    fail("a number of more than ten bytes");
  }

  std::uint64_t fixed(std::size_t size) {
    std::string_view const b = bytes(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{static_cast<unsigned char>(b[i])} << (8 * i);
    return value;
  }

  std::string_view bytes(std::uint64_t size) {
    if (size > rest_.size()) fail("a field that ends behind its message");
    std::string_view const b = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(b.size());
    return b;
  }

  std::string_view rest_, name_;
};

}  // namespace constformer::text
