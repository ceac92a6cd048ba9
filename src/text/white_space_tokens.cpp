#include "text/white_space_tokens.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace constformer::text {

namespace {

constexpr std::string_view line_token = "<n>", tab_token = "<|tab|>", blank_begin = "<|blank_", blank_end = "|>";

}  // namespace

std::string blank_token(int blanks) {
  return std::string(blank_begin) + std::to_string(blanks) + std::string(blank_end);
}

void append_with_white_space_tokens(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t const plain = std::min(text.find_first_of(" \t\n"), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    if (text.front() != ' ') {
      out.append(text.front() == '\n' ? line_token : tab_token);
      text.remove_prefix(1);
      continue;
    }
    std::size_t const run = std::min(text.find_first_not_of(' '), text.size());
    std::size_t const blanks = std::min<std::size_t>(run, longest_blank_token);
    out.append(blanks == 1 ? " " : blank_token(static_cast<int>(blanks)));
    text.remove_prefix(blanks);
  }
}

std::string_view white_space_of(std::string_view token, std::string& buffer) {
  if (token == line_token) return "\n";
  if (token == tab_token) return "\t";
  if (!token.starts_with(blank_begin) || !token.ends_with(blank_end)) return token;
  std::string_view const digits =
      token.substr(blank_begin.size(), token.size() - std::min(token.size(), blank_begin.size() + blank_end.size()));
  int blanks = 0;
  auto const [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), blanks);
  bool const named =
      failed == std::errc() && end == digits.data() + digits.size() && blanks >= 2 && blanks <= longest_blank_token;
  return named ? std::string_view(buffer.assign(static_cast<std::size_t>(blanks), ' ')) : token;
}

}  // namespace constformer::text
