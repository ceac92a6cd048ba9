// Filters whose result is a text.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "text/jinja/filters.hpp"
#include "text/jinja/format.hpp"
#include "text/jinja/given.hpp"
#include "text/jinja/methods.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/printing.hpp"
#include "text/jinja/python_text.hpp"
#include "text/utf8.hpp"

namespace constformer::jinja {

namespace {

// str(v) as a value, which a text is already.
value text_value(evaluation& e, value const& v) { return is_text(v) ? v : e.memory.text(text_of(e, v)); }

// The filter that is the method of the same name of str(subject).
template <char const* name>
value as_method(evaluation& e, value const& subject, arguments const& all) {
  return find_text_method(name)(e, text_value(e, subject), all);
}
constexpr char lower_name[] = "lower", upper_name[] = "upper", capitalize_name[] = "capitalize";

value string(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "string").at_most(0);
  return text_value(e, subject);
}

value trim(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "trim");
  g.at_most(1, "chars");
  auto const* const characters = g.text_or_none(0, "chars");
  std::string_view const view = characters == nullptr ? std::string_view() : characters->view();
  auto const text = text_of(e, subject);
  return e.memory.text(stripped(text, characters == nullptr ? nullptr : &view, true, true));
}

value center(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "center");
  g.at_most(1, "width");
  return find_text_method("center")(e, text_value(e, subject), {{g.integer(0, "width", 80)}, {}, none{}});
}

value replace(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "replace");
  g.at_most(3, "old,new,count");
  auto const* const count = g.find(2, "count");
  std::int64_t const most = count == nullptr || is<none>(*count) ? -1 : g.integer(2, "count", -1);
  auto text = text_of(e, subject);
  text.safe = false;
  return e.memory.text(replaced(e, text, text_of(e, g.need(0, "old")), text_of(e, g.need(1, "new")), most));
}

// Each word begins where white space or one of -({[< ends.
value title(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "title").at_most(0);
  auto const text = text_of(e, subject);
  auto const separates = [](std::string_view c) {
    return std::string_view("-({[<").find(c) != std::string_view::npos || is_space(text::decode_first(c).value);
  };
  marked_text out;
  bool separated = true;
  for (std::size_t at = 0; at < text.size();) {
    auto const size = text::character_length(text.view()[at]);
    auto const c = text.part(at, size);
    bool const separator = separates(c.view());
    out.append(separator ? c : separated ? upper(c) : lower(c));
    separated = separator;
    at += size;
  }
  e.look(text.size() * 4);
  return e.memory.text(std::move(out));
}

value indent(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "indent");
  g.at_most(3, "width,first,blank");
  constexpr std::int64_t widest = 4096;
  auto const* const width = g.find(0, "width");
  bool const own = width != nullptr && is_text(*width);
  std::int64_t const blanks = own ? 0 : g.integer(0, "width", 4);
  if (blanks > widest) g.fail("the width is above " + std::to_string(widest));
  marked_text const before =
      own ? g.text(0, "width")
          : marked_text(std::string(static_cast<std::size_t>(std::max<std::int64_t>(0, blanks)), ' '));
  bool const first = g.flag(1, "first", false), blank = g.flag(2, "blank", false);
  auto text = text_of(e, subject);
  bool const safe = std::exchange(text.safe, false);
  text.append("\n");
  auto const lines = items_of(e, find_text_method("splitlines")(e, e.memory.text(std::move(text)), {}));
  marked_text out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto const& line = *std::get<marked_text const*>(lines[i]);
    if (i > 0) out.append("\n");
    if (i == 0 ? first : blank || !line.empty()) out.append(before);
    out.append(line);
    e.bound(out.size());
  }
  out.safe = safe;
  return e.memory.text(std::move(out));
}

value join(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "join");
  g.at_most(2, "d,attribute");
  auto const* const by = g.find(0, "d");
  auto const* const path = g.find(1, "attribute");
  if (path != nullptr && !is<none>(*path)) g.fail("an attribute is not supported; `map(attribute=…)` gives it");
  auto between = by == nullptr ? marked_text() : text_of(e, *by);
  between.safe = false;
  marked_text out;
  bool first = true;
  for (value const& item : items_of(e, subject)) {
    if (!std::exchange(first, false)) out.append(between);
    out.append(text_of(e, item));
    e.bound(out.size());
  }
  e.look(out.size());
  return e.memory.text(std::move(out));
}

value format(evaluation& e, value const& subject, arguments const& all) {
  if (!all.named.empty()) e.fail("format: values with names are not supported");
  return formatted_by_percent(e, text_of(e, subject), e.memory.list(all.positional, sequence::kind::tuple));
}

value safe(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "safe").at_most(0);
  auto text = text_of(e, subject);
  text.safe = true;
  return e.memory.text(std::move(text));
}

value escape(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "escape").at_most(0);
  return e.memory.text(escaped(text_of(e, subject)));
}

value forceescape(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "forceescape").at_most(0);
  auto text = text_of(e, subject);
  text.safe = false;
  return e.memory.text(escaped(text));
}

std::optional<marked_text> indent_of(evaluation& e, given const& g) {
  auto const* const v = g.find(1, "indent");
  if (v == nullptr || is<none>(*v)) return std::nullopt;
  constexpr std::int64_t widest = 64;
  if (is_text(*v)) return text_of(e, *v);
  auto const width = g.integer(1, "indent", 0);
  if (width > widest) g.fail("the indent is above " + std::to_string(widest));
  return marked_text(std::string(static_cast<std::size_t>(std::max<std::int64_t>(0, width)), ' '));
}

value tojson(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "tojson");
  g.at_most(4, "ensure_ascii,indent,separators,sort_keys");
  json_style style;
  style.ensure_ascii = g.flag(0, "ensure_ascii", false);
  style.indent = indent_of(e, g);
  style.sort_keys = g.flag(3, "sort_keys", false);
  if (style.indent) style.between_items = marked_text(",");
  if (auto const* const separators = g.find(2, "separators"); separators != nullptr && !is<none>(*separators)) {
    auto const both = items_of(e, *separators);
    if (both.size() != 2 || !is_text(both[0]) || !is_text(both[1])) g.fail("the separators are not two texts");
    style.between_items = text_of(e, both[0]);
    style.behind_key = text_of(e, both[1]);
  }
  return e.memory.text(json_of(e, subject, style));
}

using table_row = std::pair<std::string_view, callable::function>;
constexpr std::array<table_row, 16> filters{table_row{"lower", as_method<lower_name>},
                                            {"upper", as_method<upper_name>},
                                            {"capitalize", as_method<capitalize_name>},
                                            {"string", string},
                                            {"trim", trim},
                                            {"center", center},
                                            {"replace", replace},
                                            {"title", title},
                                            {"indent", indent},
                                            {"join", join},
                                            {"format", format},
                                            {"safe", safe},
                                            {"e", escape},
                                            {"escape", escape},
                                            {"forceescape", forceescape},
                                            {"tojson", tojson}};

}  // namespace

callable::function find_text_filter(std::string_view name) {
  auto const found = std::ranges::find(filters, name, &table_row::first);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace constformer::jinja
