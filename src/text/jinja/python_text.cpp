#include "text/jinja/python_text.hpp"

#include <algorithm>
#include <unordered_map>

#include "text/unicode.hpp"
#include "text/utf8.hpp"

namespace constformer::jinja {

namespace {

char32_t lower_of(char32_t c) {
  std::string bytes;
  text::append_lowercase(bytes, c);
  return text::decode_first(bytes).value;
}

// The letters whose lower case is another one, by that. Made when a letter beyond ASCII is asked for.
std::unordered_map<char32_t, char32_t> const& upper_letters() {
  static auto const table = [] {
    constexpr char32_t end_of_cased_scripts = 0x1E944;
    std::unordered_map<char32_t, char32_t> made;
    for (char32_t c = 0x80; c < end_of_cased_scripts; ++c) {
      if (c >= 0x3000 && c < 0xA640) c = 0xA640;  // ideographs
      if (c >= 0xD800 && c < 0xFB00) c = 0xFB00;  // surrogates, private use
      if (char32_t const small = lower_of(c); small != c && small >= 0x80) made.try_emplace(small, c);
    }
    made[0xB5] = 0x39C;     // micro sign
    made[0x131] = U'I';     // dotless i
    made[0x17F] = U'S';     // long s
    made[0x3C2] = 0x3A3;    // final sigma
    made[0x1E9B] = 0x1E60;  // long s with dot
    return made;
  }();
  return table;
}

char32_t upper_of(char32_t c) {
  if (c < 0x80) return c >= U'a' && c <= U'z' ? c - 32 : c;
  auto const& table = upper_letters();
  auto const found = table.find(c);
  return found == table.end() ? c : found->second;
}

void append_lower(std::string& out, char32_t c) { text::append_lowercase(out, c); }

void append_upper(std::string& out, char32_t c) {
  if (c == 0xDF)
    out += "SS";  // the one letter of daily use that becomes two
  else
    text::append_utf8(out, upper_of(c));
}

void append_title(std::string& out, char32_t c) {
  if (c == 0xDF)
    out += "Ss";
  else
    text::append_utf8(out, upper_of(c));
}

// Each code point as `change(out, c)` writes it.
template <class Change>
marked_text mapped(marked_text const& text, Change change) {
  marked_text out;
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    auto const c = text::decode_first(text.view().substr(at));
    bytes.clear();
    change(bytes, c.value);
    out.append(bytes, text.told(at));
    at += c.size;
  }
  out.safe = text.safe;
  return out;
}

std::size_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && text::is_continuation(text[at])) --at;
  return at;
}

}  // namespace

bool is_space(char32_t c) { return text::is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

bool is_space(std::string_view text) { return !text.empty() && space_before(text) == text.size(); }

std::size_t space_before(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    auto const c = text::decode_first(text.substr(at));
    if (!is_space(c.value)) break;
    at += c.size;
  }
  return at;
}

std::string_view without_space_behind(std::string_view text) {
  while (!text.empty()) {
    auto const last = last_character(text);
    if (!is_space(text::decode_first(text.substr(last)).value)) break;
    text = text.substr(0, last);
  }
  return text;
}

std::int64_t length_of(std::string_view text) {
  return std::ranges::count_if(text, [](char byte) { return !text::is_continuation(byte); });
}

std::size_t byte_of(std::string_view text, std::int64_t number) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text::is_continuation(text[at])) continue;
    if (number-- == 0) break;
  }
  return at;
}

marked_text stripped(marked_text const& text, std::string_view const* characters, bool left, bool right) {
  auto const goes = [&](std::string_view character) {
    return characters == nullptr ? is_space(text::decode_first(character).value)
                                 : characters->find(character) != std::string_view::npos;
  };
  std::string_view const all = text.view();
  std::size_t begin = 0, end = all.size();
  while (left && begin < end) {
    auto const size = text::character_length(all[begin]);
    if (!goes(all.substr(begin, size))) break;
    begin += size;
  }
  while (right && begin < end) {
    auto const last = last_character(all.substr(0, end));
    if (!goes(all.substr(last, end - last))) break;
    end = last;
  }
  return text.part(begin, end - begin);
}

marked_text lower(marked_text const& text) { return mapped(text, append_lower); }
marked_text upper(marked_text const& text) { return mapped(text, append_upper); }

marked_text swapcase(marked_text const& text) {
  return mapped(text, [](std::string& out, char32_t c) { is_upper(c) ? append_lower(out, c) : append_upper(out, c); });
}

marked_text title(marked_text const& text) {
  bool within = false;
  return mapped(text, [&within](std::string& out, char32_t c) {
    within ? append_lower(out, c) : append_title(out, c);
    within = has_case(c);
  });
}

marked_text capitalize(marked_text const& text) {
  bool first = true;
  return mapped(text, [&first](std::string& out, char32_t c) {
    first ? append_title(out, c) : append_lower(out, c);
    first = false;
  });
}

bool is_lower(char32_t c) { return c == 0xDF || upper_of(c) != c; }
bool is_upper(char32_t c) { return lower_of(c) != c; }

marked_text replaced(evaluation& e, marked_text const& text, marked_text const& from, marked_text const& to,
                     std::int64_t most) {
  marked_text out;
  e.look(text.size());
  std::string_view const all = text.view();
  std::size_t at = 0;
  while (most != 0) {
    // An empty text stands before each character and at the end.
    auto const found = all.find(from.view(), at);
    if (found == std::string_view::npos) break;
    if (most > 0) --most;
    out.append(text, at, found - at);
    out.append(to);
    e.bound(out.size());
    at = found + from.size();
    if (!from.empty()) continue;
    if (at == all.size()) return out;
    auto const size = text::character_length(all[at]);
    out.append(text, at, size);
    at += size;
  }
  out.append(text, at, all.size() - at);
  return out;
}

marked_text escaped(marked_text const& text) {
  if (text.safe) return text;
  marked_text out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char const c = text.view()[at];
    bool const told = text.told(at);
    switch (c) {
      case '&': out.append("&amp;", told); break;
      case '<': out.append("&lt;", told); break;
      case '>': out.append("&gt;", told); break;
      case '\'': out.append("&#39;", told); break;
      case '"': out.append("&#34;", told); break;
      default: out.append(std::string_view(&c, 1), told);
    }
  }
  out.safe = true;
  return out;
}

}  // namespace constformer::jinja
