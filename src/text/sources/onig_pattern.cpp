#include "text/sources/onig_pattern.hpp"

#include <cctype>

#include "constformer/core/error.hpp"
#include "text/regex.hpp"

namespace constformer::text {
namespace {

// What Oniguruma's \s, \w and \h stand for, as members of a class. PCRE2's \s has U+180E besides, and its \w lacks
// marks.
constexpr std::string_view space_members =
    "\\x09-\\x0D\\x20\\x85\\xA0\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}";
constexpr std::string_view word_members = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
constexpr std::string_view hex_members = "0-9a-fA-F";

class translator {
 public:
  translator(std::string_view pattern, std::string_view name, bool rust) : rest_(pattern), name_(name), rust_(rust) {}

  std::string run() {
    while (!rest_.empty()) step();
    // In Ruby's syntax ^ and $ match at every line.
    return multiline_ ? "(?m)" + out_ : out_;
  }

 private:
  [[noreturn]] void fail(std::string const& what) const {
    throw error(std::string(name_) + ": a splitting pattern has " + what + ", which is not supported");
  }

  char take() {
    char const c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void step() {
    char const c = take();
    if (c == '\\') return escape();
    if (in_class_) return class_character(c);
    if (c == '[') {
      in_class_ = class_begin_ = true;
    } else if (c == '^' || c == '$') {
      if (rust_) {
        out_.append(c == '^' ? "\\A" : "\\z");
        return;
      }
      multiline_ = true;
    } else if (rust_ && c == '(' && rest_.starts_with('?')) {
      refuse_line_flag();
    }
    out_.push_back(c);
  }

  // (?m) and its like would give ^ and $ another meaning.
  void refuse_line_flag() const {
    std::size_t const end = rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", 1);
    if (rest_.substr(0, end).find('m') != std::string_view::npos) fail("the flag m");
  }

  void class_character(char c) {
    bool const first = class_begin_;
    class_begin_ = first && c == '^';
    if (c == ']' && !first) in_class_ = false;
    if (c == '&' && rest_.starts_with('&')) fail("an intersection of classes (&&)");
    if (c == '[') {
      if (!rest_.starts_with(':')) fail("a class within a class");
      std::size_t const end = rest_.find(":]");
      if (end == std::string_view::npos) fail("a class that does not end");
      out_.push_back('[');
      out_.append(rest_.substr(0, end + 2));
      rest_.remove_prefix(end + 2);
      return;
    }
    out_.push_back(c);
  }

  void escape() {
    class_begin_ = false;
    if (rest_.empty()) fail("a lone backslash at its end");
    char const c = take();
    switch (c) {
      case 's': return members(space_members, false);
      case 'w': return members(word_members, false);
      case 'h': return members(hex_members, false);
      case 'S': return in_class_ ? keep(c) : members(space_members, true);
      case 'W': return in_class_ ? fail("\\W in a class") : members(word_members, true);
      case 'H': return in_class_ ? fail("\\H in a class") : members(hex_members, true);
      case 'b': return in_class_ ? keep(c) : word_boundary(true);
      case 'B': return in_class_ ? keep(c) : word_boundary(false);
      case 'u': return code_point_escape();
      default: return keep(c);
    }
  }

  void keep(char c) {
    out_.push_back('\\');
    out_.push_back(c);
  }

  void members(std::string_view list, bool negated) {
    if (in_class_) {
      out_.append(list);
    } else {
      out_.append(negated ? "[^" : "[").append(list).append("]");
    }
  }

  void word_boundary(bool is_one) {
    std::string const word = "[" + std::string(word_members) + "]";
    out_.append("(?:(?<=" + word + (is_one ? ")(?!" : ")(?=") + word + ")|(?<!" + word + (is_one ? ")(?=" : ")(?!") +
                word + "))");
  }

  void code_point_escape() {
    std::string_view const digits = rest_.substr(0, 4);
    if (digits.size() != 4) fail("a \\u without four digits");
    for (char const d : digits) {
      if (std::isxdigit(static_cast<unsigned char>(d)) == 0) fail("a \\u without four digits");
    }
    out_.append("\\x{").append(digits).append("}");
    rest_.remove_prefix(4);
  }

  std::string_view rest_, name_;
  bool rust_;
  std::string out_;
  bool in_class_ = false, class_begin_ = false, multiline_ = false;
};

std::string translated_and_tried(std::string_view pattern, std::string_view name, bool rust) {
  std::string translated = translator(pattern, name, rust).run();
  try {
    regex(translated).for_each("a", [](regex::span) {});
  } catch (error const& e) {
    throw error(std::string(name) + ": " + e.what());
  }
  return translated;
}

}  // namespace

std::string pcre_of_onig(std::string_view pattern, std::string_view name) {
  return translated_and_tried(pattern, name, false);
}

std::string pcre_of_rust(std::string_view pattern, std::string_view name) {
  return translated_and_tried(pattern, name, true);
}

}  // namespace constformer::text
