#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace constformer::text {

static_assert(std::endian::native == std::endian::little, "blobs are little-endian and read in place");

/// Throws the one error of a damaged blob; out of line, so that checked reads stay small.
[[noreturn]] void throw_damaged(char const* what);

/// An array inside a blob. Every read is checked, because checking all of a large table at start would cost more than
/// using it.
template <class T>
class table {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  table() = default;
  /// Throws `error` if `bytes` is no whole number of elements.
  table(std::span<std::byte const> bytes, char const* name) : bytes_(bytes), name_(name) {
    if (bytes.size() % sizeof(T) != 0) throw_damaged(name);
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size() / sizeof(T); }

  [[nodiscard]] T operator[](std::size_t i) const {
    if (i >= size()) throw_damaged(name_);
    T value;
    std::memcpy(&value, bytes_.data() + i * sizeof(T), sizeof(T));
    return value;
  }

 private:
  std::span<std::byte const> bytes_;
  char const* name_ = "a table";
};

}  // namespace constformer::text
