#include "text/jinja/lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include "constformer/core/error.hpp"
#include "text/jinja/python_text.hpp"
#include "text/utf8.hpp"

namespace constformer::jinja {

namespace {

// Behind the longest of those that begin alike.
constexpr std::array<std::string_view, 26> operators{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                     "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                     ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_byte(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Line ends become \n, and the last one is dropped.
std::string with_plain_line_ends(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    bool const pair = source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n';
    if (!pair) out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class lexer {
 public:
  explicit lexer(std::string_view source) : source_(with_plain_line_ends(source)) {
    if (text::find_invalid_utf8(source_) != source_.size()) fail_at(1, "its text is no UTF-8");
  }

  std::vector<token> run() {
    while (at_ < source_.size()) read_data();
    return std::move(tokens_);
  }

 private:
  // ---- text outside of tags

  void read_data() {
    std::string_view const rest = std::string_view(source_).substr(at_);
    std::size_t begin = 0;
    while (true) {
      begin = rest.find('{', begin);
      if (begin == std::string_view::npos || begin + 1 == rest.size()) return add_data(rest, rest.size());
      if (char const next = rest[begin + 1]; next == '%' || next == '{' || next == '#') break;
      ++begin;
    }
    char const which = rest[begin + 1];
    char const sign = sign_at(at_ + begin + 2);
    add_data(stripped(rest.substr(0, begin), sign, which == '{'), begin);
    at_ += 2 + (sign != 0 ? 1 : 0);
    if (which == '#') return skip_comment();
    if (which == '%' && skip_raw_begin()) return read_raw();
    add(which == '%' ? token_kind::block_begin : token_kind::variable_begin, {});
    read_tag(which == '%' ? '%' : '}');
  }

  // What is left of the text before a tag. `sign` is what follows the tag's opening; variables keep their blanks.
  std::string_view stripped(std::string_view data, char sign, bool variable) const {
    if (sign == '-') return without_space_behind(data);
    if (sign == '+' || variable) return data;
    auto const line = data.rfind('\n') + 1;  // 0 if there is none
    if (line == 0 && !line_starting()) return data;
    return is_space(data.substr(line)) ? data.substr(0, line) : data;
  }

  bool line_starting() const { return at_ == 0 || source_[at_ - 1] == '\n'; }

  // `size` bytes of the source, of which `data` is kept.
  void add_data(std::string_view data, std::size_t size) {
    if (!data.empty()) add(token_kind::data, std::string(data));
    advance(size);
  }

  void advance(std::size_t size) {
    line_ += static_cast<int>(std::ranges::count(std::string_view(source_).substr(at_, size), '\n'));
    at_ += size;
  }

  char sign_at(std::size_t at) const {
    return at < source_.size() && (source_[at] == '-' || source_[at] == '+') ? source_[at] : '\0';
  }

  bool next_is(std::string_view text) const { return std::string_view(source_).substr(at_).starts_with(text); }

  void skip_space() { advance(space_before(std::string_view(source_).substr(at_))); }

  std::size_t end_here(std::string_view closing, bool trims_line, bool plus) const {
    return end_at(at_, closing, trims_line, plus);
  }

  // The end of a tag of this closing: its size if it stands there. What is trimmed behind it belongs to it.
  std::size_t end_at(std::size_t at, std::string_view closing, bool trims_line, bool plus) const {
    std::string_view const rest = std::string_view(source_).substr(at);
    if (rest.starts_with('-') && rest.substr(1).starts_with(closing)) {
      auto const size = 1 + closing.size();
      return size + space_before(rest.substr(size));
    }
    if (plus && rest.starts_with('+') && rest.substr(1).starts_with(closing)) return 1 + closing.size();
    if (!rest.starts_with(closing)) return 0;
    return closing.size() + (trims_line && rest.substr(closing.size()).starts_with('\n') ? 1 : 0);
  }

  void skip_comment() {
    int const line = line_;
    for (; at_ < source_.size(); advance(1))
      if (auto const size = end_here("#}", true, true)) return advance(size);
    fail_at(line, "a comment does not end");
  }

  // ---- raw

  bool skip_raw_begin() {
    auto const before = at_;
    auto const line = line_;
    skip_space();
    if (next_is("raw")) {
      advance(3);
      skip_space();
      if (auto const size = end_here("%}", false, false)) {
        advance(size);
        return true;
      }
    }
    at_ = before;
    line_ = line;
    return false;
  }

  void read_raw() {
    int const line = line_;
    std::string_view const all = source_;
    for (auto begin = all.find("{%", at_); begin != std::string_view::npos; begin = all.find("{%", begin + 1)) {
      char const sign = sign_at(begin + 2);
      auto at = begin + 2 + (sign != 0 ? 1 : 0);
      at += space_before(all.substr(at));
      if (!all.substr(at).starts_with("endraw")) continue;
      at += 6;
      at += space_before(all.substr(at));
      auto const size = end_at(at, "%}", true, true);
      if (size == 0) continue;
      add_data(stripped(all.substr(at_, begin - at_), sign, false), begin - at_);
      return advance(at + size - begin);
    }
    fail_at(line, "a raw block does not end");
  }

  // ---- within tags

  void read_tag(char closing) {
    bool const block = closing == '%';
    std::string brackets;
    int const line = line_;
    while (at_ < source_.size()) {
      if (brackets.empty())
        if (auto const size = end_here(block ? "%}" : "}}", block, block)) {
          add(block ? token_kind::block_end : token_kind::variable_end, {});
          return advance(size);
        }
      if (auto const space = space_before(std::string_view(source_).substr(at_)))
        advance(space);
      else if (is_digit(source_[at_]))
        read_number();
      else if (is_name_byte(source_[at_]))
        read_while(token_kind::name, is_name_byte);
      else if (source_[at_] == '\'' || source_[at_] == '"')
        read_string();
      else
        read_operator(brackets);
    }
    fail_at(line, block ? "a block tag does not end" : "a print tag does not end");
  }

  void read_while(token_kind kind, bool (*belongs)(char)) {
    auto end = at_;
    while (end < source_.size() && belongs(source_[end])) ++end;
    add(kind, source_.substr(at_, end - at_));
    advance(end - at_);
  }

  std::size_t digits_from(std::size_t at, std::string& out) const {
    while (at < source_.size() && (is_digit(source_[at]) || (source_[at] == '_' && at + 1 < source_.size() &&
                                                             is_digit(source_[at + 1]) && !out.empty()))) {
      if (source_[at] != '_') out += source_[at];
      ++at;
    }
    return at;
  }

  void read_number() {
    std::string digits;
    constexpr std::string_view bases = "xXoObB";
    if (source_[at_] == '0' && at_ + 1 < source_.size() && bases.find(source_[at_ + 1]) != std::string_view::npos)
      fail_at(line_, "numbers with a base (" + source_.substr(at_, 2) + ") are not supported");
    auto end = digits_from(at_, digits);
    token_kind kind = token_kind::integer;
    bool const after_dot = at_ > 0 && source_[at_ - 1] == '.';  // messages.0.5 are places, not a number
    auto const take = [&](std::size_t from, std::string const& mark) {
      std::string more;
      auto const stop = digits_from(from, more);
      if (more.empty()) return;
      digits += mark + more;
      end = stop;
      kind = token_kind::real;
    };
    if (!after_dot && end < source_.size() && source_[end] == '.') take(end + 1, ".");
    if (!after_dot && end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      char const sign = sign_at(end + 1);
      take(end + 1 + (sign != 0 ? 1 : 0), std::string("e") + (sign == '-' ? "-" : ""));
    }
    add(kind, digits);
    advance(end - at_);
  }

  void read_operator(std::string& brackets) {
    for (std::string_view const known : operators) {
      if (!next_is(known)) continue;
      if (known == "(" || known == "[" || known == "{") brackets += known == "(" ? ')' : known == "[" ? ']' : '}';
      if (known == ")" || known == "]" || known == "}") {
        if (brackets.empty() || brackets.back() != known[0]) fail_at(line_, "unexpected '" + std::string(known) + "'");
        brackets.pop_back();
      }
      add(token_kind::operation, std::string(known));
      return advance(known.size());
    }
    auto const character = text::decode_first(std::string_view(source_).substr(at_));
    fail_at(line_, "unexpected character '" + source_.substr(at_, character.size) + "'");
  }

  // ---- strings, with Python's escapes

  void read_string() {
    char const quote = source_[at_];
    auto end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) fail_at(line_, "a string does not end");
    add(token_kind::string, unescaped(std::string_view(source_).substr(at_ + 1, end - at_ - 1)));
    advance(end + 1 - at_);
  }

  std::string unescaped(std::string_view raw) const {
    std::string out;
    while (!raw.empty()) {
      auto const slash = std::min(raw.find('\\'), raw.size());
      out += raw.substr(0, slash);
      raw.remove_prefix(slash);
      if (!raw.empty()) raw.remove_prefix(append_escape(out, raw));
    }
    return out;
  }

  // Appends what the escape at the start of `raw` stands for; returns its size.
  std::size_t append_escape(std::string& out, std::string_view raw) const {
    constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
    char const c = raw[1];
    if (auto const at = letters.find(c); at != std::string_view::npos) {
      out += meanings[at];
      return 2;
    }
    if (c == '\n') return 2;
    if (c == 'x' || c == 'u' || c == 'U') return append_code_point(out, raw, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    if (c == 'N') fail_at(line_, "characters by name (\\N) are not supported");
    if (c < '0' || c > '7') {
      out += '\\';  // Python keeps what is no escape
      return 1;
    }
    unsigned octal = 0;
    std::size_t size = 1;
    for (; size < 4 && size < raw.size() && raw[size] >= '0' && raw[size] <= '7'; ++size)
      octal = octal * 8 + static_cast<unsigned>(raw[size] - '0');
    text::append_utf8(out, octal);
    return size;
  }

  std::size_t append_code_point(std::string& out, std::string_view raw, std::size_t digits) const {
    auto const hex = raw.substr(2, digits);
    std::uint32_t code = 0;
    bool const good = hex.size() == digits && std::ranges::all_of(hex, is_hex);
    if (good) std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    if (!good || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail_at(line_, "the escape \\" + std::string(raw.substr(1, 1 + hex.size())) + " is no character");
    text::append_utf8(out, code);
    return 2 + digits;
  }

  void add(token_kind kind, std::string text) { tokens_.push_back({kind, line_, std::move(text)}); }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<token> tokens_;
};

}  // namespace

void fail_at(int line, std::string const& what) {
  throw error("chat template, line " + std::to_string(line) + ": " + what);
}

std::vector<token> tokenize_template(std::string_view source) { return lexer(source).run(); }

}  // namespace constformer::jinja
