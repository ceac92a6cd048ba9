#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>

namespace constformer {

/// A string of exactly N characters that may be a template argument: names, formats and error messages in types.
template <std::size_t N>
struct fixed_text {
  char chars[N + 1]{};  ///< the characters and a closing zero; public, because template arguments are structural

  /// N zeros, to be filled in.
  constexpr fixed_text() = default;
  /// The characters of a string literal.
  constexpr fixed_text(char const (&literal)[N + 1]) {  // NOLINT(google-explicit-constructor): literals are texts
    for (std::size_t i = 0; i < N; ++i) chars[i] = literal[i];
  }

  /// The N characters, without the closing zero.
  [[nodiscard]] constexpr std::string_view view() const { return {chars, N}; }
  /// N.
  [[nodiscard]] static constexpr std::size_t size() { return N; }
};

/// A literal of M chars, its closing zero included, is a fixed_text of M - 1.
template <std::size_t M>
fixed_text(char const (&)[M]) -> fixed_text<M - 1>;

/// A string of at most Capacity characters, built in constant evaluation or at run time; what does not fit is cut off.
template <std::size_t Capacity>
class text_buffer {
 public:
  /// Appends characters as they are.
  constexpr text_buffer& operator<<(std::string_view s) {
    for (char c : s) {
      if (size_ == Capacity) break;
      chars_[size_++] = c;
    }
    return *this;
  }

  /// Appends a number in decimal; a char is a number, too.
  template <std::integral Integer>
  constexpr text_buffer& operator<<(Integer value) {
    char digits[24]{};
    std::size_t n = 0;
    bool const negative = value < 0;
    do {
      int const digit = static_cast<int>(value % 10);
      digits[n++] = static_cast<char>('0' + (digit < 0 ? -digit : digit));
      value = static_cast<Integer>(value / 10);
    } while (value != 0);
    if (negative) digits[n++] = '-';
    while (n > 0) *this << std::string_view(&digits[--n], 1);
    return *this;
  }

  /// Six significant digits, as printf's %g would have them, but usable in constant evaluation.
  constexpr text_buffer& operator<<(double value) {
    if (value < 0) {
      *this << std::string_view("-");
      value = -value;
    }
    if (value == 0 || !(value <= std::numeric_limits<double>::max()))
      return *this << std::string_view(value == 0 ? "0" : "inf");
    int exponent = 0;
    for (; value >= 10; value /= 10) ++exponent;
    for (; value < 1; value *= 10) --exponent;
    long long digits = static_cast<long long>(value * 100000 + 0.5);
    if (digits == 1000000) {
      digits = 100000;
      ++exponent;
    }
    int places = 5;
    for (; places > 0 && digits % 10 == 0; --places) digits /= 10;
    return put_decimal(digits, places, exponent);
  }

  /// What has been written; valid as long as the buffer.
  [[nodiscard]] constexpr std::string_view view() const { return {chars_.data(), size_}; }
  /// True if nothing has been written: for a `message`, that all is well.
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  /// Characters written, at most Capacity.
  [[nodiscard]] constexpr std::size_t size() const { return size_; }

 private:
  // value = digits / 10^places · 10^exponent
  constexpr text_buffer& put_decimal(long long digits, int places, int exponent) {
    if (exponent < -5 || exponent > 9) {
      put_decimal(digits, places, 0) << std::string_view("e") << exponent;
      return *this;
    }
    for (; exponent > 0; --exponent, --places)
      if (places <= 0) digits *= 10;
    places = (places < 0 ? 0 : places) - exponent;
    long long unit = 1;
    for (int i = 0; i < places; ++i) unit *= 10;
    *this << digits / unit;
    if (places == 0) return *this;
    *this << std::string_view(".");
    for (unit /= 10; unit > 0; unit /= 10) *this << digits / unit % 10;
    return *this;
  }

  std::array<char, Capacity> chars_{};
  std::size_t size_ = 0;
};

/// A sentence about what does not fit; empty when everything does.
using message = text_buffer<320>;

/// A dotted parameter name; `*` stands for the index of a repeated layer.
using parameter_name = text_buffer<96>;

namespace detail {

template <class Out, class Argument>
constexpr void put(Out& out, Argument const& argument) {
  if constexpr (std::same_as<Argument, bool>) {
    out << std::string_view(argument ? "true" : "false");
  } else if constexpr (std::integral<Argument>) {
    out << argument;
  } else if constexpr (std::floating_point<Argument>) {
    out << static_cast<double>(argument);
  } else if constexpr (requires { argument.view(); }) {
    out << argument.view();
  } else {
    out << std::string_view(argument);
  }
}

}  // namespace detail

/// Fills each `{}` of `format` with the next argument: a number, a bool, a fixed_text or a string_view.
template <class... Arguments>
[[nodiscard]] constexpr message format_message(std::string_view format, Arguments const&... arguments) {
  message out;
  [[maybe_unused]] auto until_hole = [&] {
    std::size_t const hole = format.find("{}");
    out << format.substr(0, hole);
    format = hole == std::string_view::npos ? std::string_view{} : format.substr(hole + 2);
  };
  ((until_hole(), detail::put(out, arguments)), ...);
  out << format;
  return out;
}

}  // namespace constformer
