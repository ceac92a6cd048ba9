#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "constformer/core/error.hpp"

namespace constformer::gguf {

static_assert(std::endian::native == std::endian::little, "GGUF files are little endian and are read as they are");

/// Walks over the bytes of a file, bounds checked; `place` says in messages what is being read.
class cursor {
 public:
  cursor(std::span<std::byte const> file, std::string_view where) : file_(file), where_(where) {}

  [[nodiscard]] std::size_t offset() const { return at_; }

  [[noreturn]] void fail(std::string const& what) const { throw error(where_ + ": " + what); }

  std::span<std::byte const> take(std::uint64_t bytes, std::string_view place) {
    if (bytes > file_.size() - at_)
      fail("ends at byte " + std::to_string(file_.size()) + ", " + std::string(place) + " needs " +
           std::to_string(bytes) + " bytes from byte " + std::to_string(at_) + " on");
    auto const taken = file_.subspan(at_, static_cast<std::size_t>(bytes));
    at_ += taken.size();
    return taken;
  }

  template <class T>
  T number(std::string_view place) {
    T value;
    std::memcpy(&value, take(sizeof(T), place).data(), sizeof(T));
    return value;
  }

  std::string_view string(std::string_view place) {
    auto const size = number<std::uint64_t>(place);
    auto const bytes = take(size, place);
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<std::byte const> file_;
  std::string where_;
  std::size_t at_ = 0;
};

}  // namespace constformer::gguf
