#pragma once

#include <array>
#include <charconv>
#include <string>

namespace constformer::command {

/// The shortest decimal that gives the float back, as C++ writes it.
[[nodiscard]] inline std::string float_literal(double value) {
  std::array<char, 32> digits{};
  std::string text(digits.data(),
                   std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<float>(value)).ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + "F";
}

}  // namespace constformer::command
