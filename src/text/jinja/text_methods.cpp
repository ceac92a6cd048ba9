// Python's methods of str.
#include <algorithm>
#include <array>
#include <cstddef>

#include "text/jinja/format.hpp"
#include "text/jinja/given.hpp"
#include "text/jinja/methods.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/printing.hpp"
#include "text/jinja/python_text.hpp"
#include "text/unicode.hpp"
#include "text/utf8.hpp"

namespace constformer::jinja {

namespace {

marked_text const& text_of_self(value const& self) { return *std::get<marked_text const*>(self); }

// A text marked safe escapes what is put into it; of the methods that do so only those templates need are known.
marked_text const& plain_self(given const& g, value const& self) {
  auto const& text = text_of_self(self);
  if (text.safe) g.fail("it is not supported for a text that is marked safe");
  return text;
}

// ---- ends

value strip_ends(evaluation& e, value const& self, arguments const& all, char const* name, bool left, bool right) {
  given const g(e, all, name);
  g.at_most(1);
  e.look(text_of_self(self).size());
  auto const* const characters = g.text_or_none(0);
  std::string_view const view = characters == nullptr ? std::string_view() : characters->view();
  return e.memory.text(stripped(text_of_self(self), characters == nullptr ? nullptr : &view, left, right));
}
value strip(evaluation& e, value const& self, arguments const& all) {
  return strip_ends(e, self, all, "strip", true, true);
}
value lstrip(evaluation& e, value const& self, arguments const& all) {
  return strip_ends(e, self, all, "lstrip", true, false);
}
value rstrip(evaluation& e, value const& self, arguments const& all) {
  return strip_ends(e, self, all, "rstrip", false, true);
}

value removeprefix(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "removeprefix");
  auto const& text = text_of_self(self);
  auto const prefix = g.text(0).view();
  return text.view().starts_with(prefix) ? e.memory.text(text.part(prefix.size())) : self;
}
value removesuffix(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "removesuffix");
  auto const& text = text_of_self(self);
  auto const suffix = g.text(0).view();
  return text.view().ends_with(suffix) ? e.memory.text(text.part(0, text.size() - suffix.size())) : self;
}

// The part between two bounds in code points, as startswith and find take them.
struct window {
  std::size_t begin = 0, end = 0;
  bool valid = true;
};

window window_of(given const& g, std::string_view text, std::size_t first_place) {
  if (g.find(first_place) == nullptr) return {0, text.size(), true};
  std::int64_t const size = length_of(text);
  auto const clamp = [size](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size); };
  auto const* const end = g.find(first_place + 1);
  std::int64_t const from = g.integer(first_place, {}, 0);
  std::int64_t const to = end == nullptr || is<none>(*end) ? size : clamp(g.integer(first_place + 1, {}, size));
  return {byte_of(text, clamp(from)), byte_of(text, to), from <= size && clamp(from) <= to};
}

value has_end(evaluation& e, value const& self, arguments const& all, bool front) {
  given const g(e, all, front ? "startswith" : "endswith");
  g.at_most(3);
  auto const whole = text_of_self(self).view();
  auto const w = window_of(g, whole, 1);
  auto const view = whole.substr(w.begin, w.end > w.begin ? w.end - w.begin : 0);
  auto const matches = [&](std::string_view part) {
    return w.valid && (front ? view.starts_with(part) : view.ends_with(part));
  };
  auto const* const list = std::get_if<sequence*>(&g.need(0));
  if (list == nullptr || (*list)->what != sequence::kind::tuple) return matches(g.text(0).view());
  return std::ranges::any_of((*list)->items, [&](value const& part) {
    if (!is_text(part)) g.fail("a tuple holds something that is no text");
    return matches(view_of(part));
  });
}
value startswith(evaluation& e, value const& self, arguments const& all) { return has_end(e, self, all, true); }
value endswith(evaluation& e, value const& self, arguments const& all) { return has_end(e, self, all, false); }

// ---- search

std::int64_t place_of(evaluation& e, value const& self, arguments const& all, char const* name, bool last) {
  given const g(e, all, name);
  g.at_most(3);
  auto const view = text_of_self(self).view();
  e.look(view.size());
  auto const w = window_of(g, view, 1);
  if (!w.valid) return -1;
  auto const part = view.substr(0, w.end).substr(w.begin);
  auto const found = last ? part.rfind(g.text(0).view()) : part.find(g.text(0).view());
  return found == std::string_view::npos ? -1 : length_of(view.substr(0, w.begin + found));
}
value find_text(evaluation& e, value const& self, arguments const& all) {
  return place_of(e, self, all, "find", false);
}
value rfind(evaluation& e, value const& self, arguments const& all) { return place_of(e, self, all, "rfind", true); }

value found(evaluation& e, std::int64_t place) {
  if (place < 0) e.fail("a text does not hold what is looked for");
  return place;
}
value index(evaluation& e, value const& self, arguments const& all) {
  return found(e, place_of(e, self, all, "index", false));
}
value rindex(evaluation& e, value const& self, arguments const& all) {
  return found(e, place_of(e, self, all, "rindex", true));
}

value count(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "count");
  g.at_most(3);
  auto const whole = text_of_self(self).view();
  auto const w = window_of(g, whole, 1);
  if (!w.valid) return std::int64_t{0};
  auto const view = whole.substr(w.begin, w.end - w.begin);
  auto const part = g.text(0).view();
  e.look(view.size());
  if (part.empty()) return length_of(view) + 1;
  std::int64_t out = 0;
  for (auto at = view.find(part); at != std::string_view::npos; at = view.find(part, at + part.size())) ++out;
  return out;
}

value replace(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "replace");
  g.at_most(3, "count");
  auto const& text = plain_self(g, self);
  return e.memory.text(replaced(e, text, g.text(0), g.text(1), g.integer(2, "count", -1)));
}

// ---- split and join

value list_of_parts(evaluation& e, std::vector<value> parts, sequence::kind kind = sequence::kind::list) {
  e.look(parts.size() * 16);
  return e.memory.list(std::move(parts), kind);
}

value split_at_space(evaluation& e, marked_text const& text, std::int64_t most, bool from_right) {
  std::vector<value> out;
  auto rest = stripped(text, nullptr, true, true);
  while (!rest.empty()) {
    auto const view = rest.view();
    std::size_t begin = std::string_view::npos, end = 0;
    for (std::size_t at = 0; at < view.size();) {
      auto const c = text::decode_first(view.substr(at));
      if (is_space(c.value) && (from_right || begin == std::string_view::npos)) {
        begin = at;
        if (!from_right) break;
        end = at + c.size;
      }
      at += c.size;
    }
    e.look(view.size());
    if (most == 0 || begin == std::string_view::npos) break;
    if (most > 0) --most;
    if (from_right) {
      out.push_back(e.memory.text(rest.part(end)));
      rest = stripped(rest.part(0, begin), nullptr, false, true);
    } else {
      out.push_back(e.memory.text(rest.part(0, begin)));
      rest = stripped(rest.part(begin), nullptr, true, false);
    }
  }
  if (!rest.empty()) out.push_back(e.memory.text(std::move(rest)));
  if (from_right) std::ranges::reverse(out);
  return list_of_parts(e, std::move(out));
}

value split_by(evaluation& e, marked_text const& text, std::string_view by, std::int64_t most, bool from_right) {
  std::vector<value> out;
  auto const view = text.view();
  std::size_t begin = 0, end = view.size();
  while (most != 0) {
    auto const at = from_right ? view.substr(0, end).rfind(by) : view.find(by, begin);
    if (at == std::string_view::npos) break;
    if (most > 0) --most;
    if (from_right) {
      out.push_back(e.memory.text(text.part(at + by.size(), end - at - by.size())));
      end = at;
    } else {
      out.push_back(e.memory.text(text.part(begin, at - begin)));
      begin = at + by.size();
    }
  }
  out.push_back(e.memory.text(text.part(begin, end - begin)));
  if (from_right) std::ranges::reverse(out);
  return list_of_parts(e, std::move(out));
}

value split_either(evaluation& e, value const& self, arguments const& all, bool from_right) {
  given const g(e, all, from_right ? "rsplit" : "split");
  g.at_most(2, "sep,maxsplit");
  auto const& text = text_of_self(self);
  auto const* const by = g.text_or_none(0, "sep");
  std::int64_t const most = g.integer(1, "maxsplit", -1);
  e.look(text.size());
  if (by == nullptr) return split_at_space(e, text, most, from_right);
  if (by->empty()) g.fail("the separator is empty");
  return split_by(e, text, by->view(), most, from_right);
}
value split(evaluation& e, value const& self, arguments const& all) { return split_either(e, self, all, false); }
value rsplit(evaluation& e, value const& self, arguments const& all) { return split_either(e, self, all, true); }

value partition_at(evaluation& e, value const& self, arguments const& all, bool last) {
  given const g(e, all, last ? "rpartition" : "partition");
  g.at_most(1);
  auto const& text = text_of_self(self);
  auto const& by = g.text(0);
  if (by.empty()) g.fail("the separator is empty");
  e.look(text.size());
  auto const at = last ? text.view().rfind(by.view()) : text.view().find(by.view());
  value const empty = e.memory.text(std::string());
  if (at == std::string_view::npos)
    return list_of_parts(e, last ? std::vector<value>{empty, empty, self} : std::vector<value>{self, empty, empty},
                         sequence::kind::tuple);
  return list_of_parts(e,
                       {e.memory.text(text.part(0, at)), e.memory.text(text.part(at, by.size())),
                        e.memory.text(text.part(at + by.size()))},
                       sequence::kind::tuple);
}
value partition(evaluation& e, value const& self, arguments const& all) { return partition_at(e, self, all, false); }
value rpartition(evaluation& e, value const& self, arguments const& all) { return partition_at(e, self, all, true); }

// Bytes of the line end that stands at `at`, or 0.
std::size_t line_end(std::string_view view, std::size_t at) {
  if (view.substr(at).starts_with("\r\n")) return 2;
  auto const c = text::decode_first(view.substr(at));
  bool const ends = (c.value >= 0x0A && c.value <= 0x0D) || (c.value >= 0x1C && c.value <= 0x1E) || c.value == 0x85 ||
                    c.value == 0x2028 || c.value == 0x2029;
  return ends ? c.size : 0;
}

value splitlines(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "splitlines");
  g.at_most(1, "keepends");
  bool const keep = g.flag(0, "keepends", false);
  auto const& text = text_of_self(self);
  std::vector<value> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto const end = line_end(text.view(), at);
    if (end == 0) {
      at += text::character_length(text.view()[at]);
      continue;
    }
    out.push_back(e.memory.text(text.part(begin, at - begin + (keep ? end : 0))));
    begin = at += end;
  }
  if (begin < text.size()) out.push_back(e.memory.text(text.part(begin)));
  e.look(text.size());
  return list_of_parts(e, std::move(out));
}

value join(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "join");
  g.at_most(1);
  auto const& between = plain_self(g, self);
  marked_text out;
  bool first = true;
  for (value const& part : items_of(e, g.need(0))) {
    if (!is_text(part)) g.fail(std::string("an item is of type '") + type_name(part) + "', a text is expected");
    if (!std::exchange(first, false)) out.append(between);
    out.append(*std::get<marked_text const*>(part));
    e.bound(out.size());
  }
  e.look(out.size());
  return e.memory.text(std::move(out));
}

// ---- cases and kinds

template <marked_text (*change)(marked_text const&)>
value changed_case(evaluation& e, value const& self, arguments const& all) {
  given(e, all, "a change of case").at_most(0);
  e.look(4 * text_of_self(self).size());
  return e.memory.text(change(text_of_self(self)));
}

// Whether all characters are `good`, and at least one `counts`.
template <class Good, class Counts>
bool all_are(std::string_view view, Good good, Counts counts) {
  bool any = false;
  while (!view.empty()) {
    auto const c = text::decode_first(view);
    if (!good(c.value)) return false;
    any = any || counts(c.value);
    view.remove_prefix(c.size);
  }
  return any;
}

bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

// Without tables of letters and digits: beyond ASCII only letters that have cases are known to be letters.
bool is_letter(evaluation& e, char32_t c) {
  if (has_case(c)) return true;
  if (c >= 0x80 && !is_space(c) && !text::is_punctuation(c))
    e.fail("whether a character beyond ASCII is a letter is not supported");
  return false;
}

bool is_digit(evaluation& e, char32_t c) {
  if (c >= 0x80 && !has_case(c) && !is_space(c) && !text::is_punctuation(c) && !text::is_chinese(c))
    e.fail("whether a character beyond ASCII is a digit is not supported");
  return is_ascii_digit(c);
}

bool anything(char32_t) { return true; }

value isdigit(evaluation& e, value const& self, arguments const&) {
  return all_are(text_of_self(self).view(), [&](char32_t c) { return is_digit(e, c); }, anything);
}
value isalpha(evaluation& e, value const& self, arguments const&) {
  return all_are(text_of_self(self).view(), [&](char32_t c) { return is_letter(e, c); }, anything);
}
value isalnum(evaluation& e, value const& self, arguments const&) {
  return all_are(text_of_self(self).view(), [&](char32_t c) { return is_ascii_digit(c) || is_letter(e, c); }, anything);
}
value isascii(evaluation&, value const& self, arguments const&) {
  return std::ranges::all_of(text_of_self(self).view(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}
value isspace(evaluation&, value const& self, arguments const&) { return is_space(text_of_self(self).view()); }
value islower(evaluation&, value const& self, arguments const&) {
  return all_are(text_of_self(self).view(), [](char32_t c) { return !is_upper(c); }, is_lower);
}
value isupper(evaluation&, value const& self, arguments const&) {
  return all_are(text_of_self(self).view(), [](char32_t c) { return !is_lower(c); }, is_upper);
}
value istitle(evaluation&, value const& self, arguments const&) {
  bool within = false, right = true;
  bool const any = all_are(
      text_of_self(self).view(),
      [&](char32_t c) {
        right = right && (within ? !is_upper(c) : !is_lower(c));
        within = has_case(c);
        return true;
      },
      has_case);
  return any && right;
}
value isidentifier(evaluation& e, value const& self, arguments const&) {
  auto const view = text_of_self(self).view();
  if (view.empty() || is_ascii_digit(static_cast<unsigned char>(view[0]))) return false;
  return all_are(view, [&](char32_t c) { return c == U'_' || is_ascii_digit(c) || is_letter(e, c); }, anything);
}

// ---- width

value padded(evaluation& e, value const& self, arguments const& all, char const* name, int left_parts) {
  given const g(e, all, name);
  g.at_most(2);
  auto const& text = plain_self(g, self);
  constexpr std::int64_t widest = 1 << 20;
  std::int64_t const size = length_of(text.view()), width = g.integer(0, {}, 0);
  if (width > widest) g.fail("the width is above " + std::to_string(widest));
  marked_text const blank(" ");
  auto const& fill = g.find(1) == nullptr ? blank : g.text(1);
  if (length_of(fill.view()) != 1) g.fail("the fill is not one character");
  std::int64_t const lack = std::max<std::int64_t>(0, width - size);
  // str.center puts the odd blank on the left where the width is odd.
  std::int64_t const left = left_parts == 0 ? 0 : left_parts == 2 ? lack : lack / 2 + (lack & width & 1);
  marked_text out;
  for (std::int64_t i = 0; i < left; ++i) out.append(fill);
  out.append(text);
  for (std::int64_t i = left; i < lack; ++i) out.append(fill);
  e.look(out.size());
  return e.memory.text(std::move(out));
}
value ljust(evaluation& e, value const& self, arguments const& all) { return padded(e, self, all, "ljust", 0); }
value center(evaluation& e, value const& self, arguments const& all) { return padded(e, self, all, "center", 1); }
value rjust(evaluation& e, value const& self, arguments const& all) { return padded(e, self, all, "rjust", 2); }

value zfill(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "zfill");
  g.at_most(1);
  auto const& text = text_of_self(self);
  constexpr std::int64_t widest = 1 << 20;
  std::int64_t const width = g.integer(0, {}, 0);
  if (width > widest) g.fail("the width is above " + std::to_string(widest));
  bool const sign = text.view().starts_with('-') || text.view().starts_with('+');
  marked_text out = text.part(0, sign ? 1 : 0);
  for (std::int64_t i = length_of(text.view()); i < width; ++i) out.append("0");
  out.append(text, sign ? 1 : 0, text.size());
  e.look(out.size());
  return e.memory.text(std::move(out));
}

value expandtabs(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "expandtabs");
  g.at_most(1, "tabsize");
  std::int64_t const stops = g.integer(0, "tabsize", 8);
  constexpr std::int64_t widest = 256;
  if (stops > widest) g.fail("the tab size is above " + std::to_string(widest));
  auto const& text = text_of_self(self);
  marked_text out;
  std::int64_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto const size = text::character_length(text.view()[at]);
    char const c = text.view()[at];
    if (c == '\t') {
      std::int64_t const blanks = stops > 0 ? stops - column % stops : 0;
      out.append(std::string(static_cast<std::size_t>(blanks), ' '));
      column += blanks;
      e.bound(out.size());
    } else {
      out.append(text, at, size);
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
    at += size;
  }
  e.look(out.size());
  return e.memory.text(std::move(out));
}

value format(evaluation& e, value const& self, arguments const& all) {
  return formatted_by_braces(e, plain_self(given(e, all, "format"), self), all);
}

using table_row = std::pair<std::string_view, callable::function>;
constexpr std::array<table_row, 42> methods{table_row{"strip", strip},
                                            {"lstrip", lstrip},
                                            {"rstrip", rstrip},
                                            {"removeprefix", removeprefix},
                                            {"removesuffix", removesuffix},
                                            {"startswith", startswith},
                                            {"endswith", endswith},
                                            {"find", find_text},
                                            {"rfind", rfind},
                                            {"index", index},
                                            {"rindex", rindex},
                                            {"count", count},
                                            {"replace", replace},
                                            {"split", split},
                                            {"rsplit", rsplit},
                                            {"partition", partition},
                                            {"rpartition", rpartition},
                                            {"splitlines", splitlines},
                                            {"join", join},
                                            {"lower", changed_case<lower>},
                                            {"casefold", changed_case<lower>},
                                            {"upper", changed_case<upper>},
                                            {"swapcase", changed_case<swapcase>},
                                            {"title", changed_case<title>},
                                            {"capitalize", changed_case<capitalize>},
                                            {"isdigit", isdigit},
                                            {"isdecimal", isdigit},
                                            {"isnumeric", isdigit},
                                            {"isalpha", isalpha},
                                            {"isalnum", isalnum},
                                            {"isascii", isascii},
                                            {"isspace", isspace},
                                            {"islower", islower},
                                            {"isupper", isupper},
                                            {"istitle", istitle},
                                            {"isidentifier", isidentifier},
                                            {"ljust", ljust},
                                            {"rjust", rjust},
                                            {"center", center},
                                            {"zfill", zfill},
                                            {"expandtabs", expandtabs},
                                            {"format", format}};

}  // namespace

callable::function find_text_method(std::string_view name) {
  auto const found = std::ranges::find(methods, name, &table_row::first);
  return found == methods.end() ? nullptr : found->second;
}

}  // namespace constformer::jinja
