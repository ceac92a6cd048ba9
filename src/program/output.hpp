#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace constformer::program {

/// Standard output through a buffer of its own: no allocation, no locale. Throws `output_closed` when its reader has
/// gone and `error` when it cannot be written for another reason.
class output {
 public:
  output() = default;
  /// Appends to `text` instead of writing.
  explicit output(std::string& text) : text_(&text) {}

  void put(std::string_view text);
  void put(long long number);

  /// The fewest digits that read back as the same float.
  void put(float number);

  /// Six significant digits.
  void put_rounded(double number);

  /// Brings everything to the reader; what is never flushed is lost.
  void flush();

 private:
  std::string* text_ = nullptr;
  std::array<char, 1 << 14> buffer_;
  std::size_t size_ = 0;
};

/// One line on standard error; formatted like printf.
[[gnu::format(printf, 1, 2)]] void note(char const* format, ...);

}  // namespace constformer::program
