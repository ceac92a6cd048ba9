#include "json.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "../text/utf8.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t most_values = 1 << 20;  // some 60 MB
constexpr std::size_t many_members = 16;      // from here on, names are sorted to find one that occurs twice

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Recursive descent; the depth is bounded before the stack is.
class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  json_value document() {
    auto value = any(0);
    skip_blanks();
    if (at_ != text_.size()) fail("something follows the value");
    return value;
  }

 private:
  [[noreturn]] void fail(char const* what) const {
    throw json_error("the body is not valid JSON: " + std::string(what) + " at offset " + std::to_string(at_));
  }

  [[nodiscard]] char front() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  void require(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) fail("a value is missing");
    at_ += word.size();
  }

  json_value any(int depth) {
    skip_blanks();
    if (++values_ > most_values) fail("there are too many values");
    switch (front()) {
      case '{': return json_value(members(depth + 1));
      case '[': return json_value(elements(depth + 1));
      case '"': return json_value(string());
      case 't': return require("true"), json_value(true);
      case 'f': return require("false"), json_value(false);
      case 'n': return require("null"), json_value();
      default: return number();
    }
  }

  void enter(int depth) {
    if (depth > deepest_json) fail("arrays and objects are nested more than 64 deep");
    ++at_;
    skip_blanks();
  }

  json_array elements(int depth) {
    enter(depth);
    json_array out;
    if (take(']')) return out;
    while (true) {
      out.push_back(any(depth));
      skip_blanks();
      if (take(']')) return out;
      if (!take(',')) fail("a comma or ] is missing");
    }
  }

  json_object members(int depth) {
    enter(depth);
    json_object out;
    if (take('}')) return out;
    while (true) {
      skip_blanks();
      if (front() != '"') fail("a name is missing");
      auto name = string();
      skip_blanks();
      if (!take(':')) fail("a colon is missing");
      out.emplace_back(std::move(name), any(depth));
      skip_blanks();
      if (take('}')) break;
      if (!take(',')) fail("a comma or } is missing");
    }
    require_distinct(out);
    return out;
  }

  void require_distinct(json_object const& object) const {
    if (object.size() < many_members) {
      for (std::size_t i = 0; i < object.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
          if (object[i].first == object[j].first) fail("a name occurs twice in the object that ends");
      return;
    }
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (auto const& [name, value] : object) names.push_back(name);
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) fail("a name occurs twice in the object that ends");
  }

  std::string string() {
    ++at_;
    std::string out;
    while (true) {
      std::size_t const begin = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20)
        ++at_;
      auto const plain = text_.substr(begin, at_ - begin);
      if (auto const bad = text::find_invalid_utf8(plain); bad != plain.size()) {
        at_ = begin + bad;
        fail("a string is not UTF-8");
      }
      out += plain;
      if (take('"')) return out;
      if (!take('\\')) fail("a string does not end, or holds a control character,");
      escape(out);
    }
  }

  void escape(std::string& out) {
    char const c = front();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; return;
      case 'b': out += '\b'; return;
      case 'f': out += '\f'; return;
      case 'n': out += '\n'; return;
      case 'r': out += '\r'; return;
      case 't': out += '\t'; return;
      case 'u': text::append_utf8(out, escaped_character()); return;
      default: --at_, fail("an escape is not known");
    }
  }

  std::uint32_t escaped_character() {
    std::uint32_t const first = four_digits();
    if (first < 0xD800 || first >= 0xE000) return first;
    if (first >= 0xDC00 || !take('\\') || !take('u')) fail("a surrogate stands alone");
    std::uint32_t const second = four_digits();
    if (second < 0xDC00 || second >= 0xE000) fail("a surrogate stands alone");
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }

  std::uint32_t four_digits() {
    std::uint32_t value = 0;
    auto const digits = text_.substr(std::min(at_, text_.size()), 4);
    auto const [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (failed != std::errc() || digits.size() != 4 || end != digits.data() + 4) fail("\\u wants four digits");
    at_ += 4;
    return value;
  }

  void digits() {
    if (!is_digit(front())) fail("a digit or a value is missing");
    while (is_digit(front())) ++at_;
  }

  json_value number() {
    std::size_t const begin = at_;
    take('-');
    if (!take('0')) digits();
    bool whole = true;
    if (take('.')) whole = false, digits();
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      digits();
    }
    char const *const first = text_.data() + begin, *const last = text_.data() + at_;
    if (std::int64_t value = 0; whole && std::from_chars(first, last, value).ec == std::errc())
      return json_value(value);
    double value = 0;
    if (std::from_chars(first, last, value).ec != std::errc()) fail("a number is beyond what a double holds");
    return json_value(value);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

}  // namespace

json_value const* json_value::find(std::string_view name) const {
  auto const* const members = object();
  if (members == nullptr) return nullptr;
  auto const found = std::ranges::find(*members, name, &json_member::first);
  return found == members->end() ? nullptr : &found->second;
}

json_value parse_json(std::string_view text) { return parser(text).document(); }

}  // namespace constformer::serve
