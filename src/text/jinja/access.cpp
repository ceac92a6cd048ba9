#include "text/jinja/access.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "text/jinja/methods.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/printing.hpp"
#include "text/jinja/python_text.hpp"
#include "text/utf8.hpp"

namespace constformer::jinja {

namespace {

using reason = undefined::reason;

value no_attribute(value const& object, std::string const& name) {
  return undefined{reason::attribute, &name, type_name(object)};
}

// What stands at a place of a text, list, tuple or range; nothing if it has no such place.
std::optional<value> at_place(evaluation& e, value const& object, std::int64_t place) {
  if (is_text(object)) {
    auto const& text = *std::get<marked_text const*>(object);
    e.look(text.size());
    if (place < 0) place += length_of(text.view());
    if (place < 0 || place >= length_of(text.view())) return std::nullopt;
    auto const begin = byte_of(text.view(), place);
    return e.memory.text(text.part(begin, text::character_length(text.view()[begin])));
  }
  auto const* const s = std::get_if<sequence*>(&object);
  if (s == nullptr || (*s)->what > sequence::kind::range) return std::nullopt;
  auto const size = static_cast<std::int64_t>((*s)->items.size());
  if (place < 0) place += size;
  if (place < 0 || place >= size) return std::nullopt;
  return (*s)->items[static_cast<std::size_t>(place)];
}

// A method, or what shows that one may not be used.
std::optional<value> method_of(evaluation& e, value const& object, std::string const& name) {
  if (changes_object(object, name) || (name.starts_with("__") && name.ends_with("__")))
    return undefined{reason::unsafe, &name, type_name(object)};
  if (auto const run = find_method(object, name)) return e.memory.function({.name = name, .run = run, .self = object});
  if (auto const* const l = std::get_if<loop_state*>(&object)) return loop_attribute(e, **l, name);
  if (auto const* const n = std::get_if<name_space*>(&object))
    for (auto const& [known, held] : (*n)->items)
      if (known == name) return held;
  return std::nullopt;
}

void check_object(evaluation& e, value const& object) {
  if (auto const* const u = std::get_if<undefined>(&object)) fail_undefined(e, *u);
}

struct bounds {
  std::int64_t from, to, step;
};

// As Python's slice.indices.
bounds bounds_of(evaluation& e, std::int64_t size, value const& from, value const& to, value const& step) {
  auto const number = [&](value const& v, std::int64_t otherwise) {
    if (is<none>(v)) return otherwise;
    auto const i = integer_of(v);
    if (!i) e.fail(std::string("a bound of a slice is of type '") + type_name(v) + "'");
    return *i;
  };
  std::int64_t const by = number(step, 1);
  if (by == 0) e.fail("a slice has the step 0");
  std::int64_t const least = by < 0 ? -1 : 0, most = by < 0 ? size - 1 : size;
  auto const clamped = [&](value const& v, std::int64_t otherwise) {
    std::int64_t const i = number(v, otherwise);
    if (is<none>(v)) return otherwise;
    return i < 0 ? std::max(i < -size ? least : i + size, least) : std::min(i, most);
  };
  return {clamped(from, by < 0 ? most : least), clamped(to, by < 0 ? least : most), by};
}

template <class Take>
void for_places(bounds const& b, std::int64_t size, Take take) {
  std::int64_t const step = std::clamp(b.step, -size - 1, size + 1);
  for (std::int64_t i = b.from; b.step > 0 ? i < b.to : i > b.to; i += step) take(i);
}

value text_slice(evaluation& e, marked_text const& text, value const& from, value const& to, value const& step) {
  std::int64_t const size = length_of(text.view());
  auto const b = bounds_of(e, size, from, to, step);
  e.look(text.size());
  if (b.step == 1) {
    auto const begin = byte_of(text.view(), b.from);
    return e.memory.text(text.part(begin, b.to <= b.from ? 0 : byte_of(text.view(), b.to) - begin));
  }
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < text.size(); at += text::character_length(text.view()[at])) places.push_back(at);
  marked_text out;
  out.safe = text.safe;
  for_places(b, size, [&](std::int64_t i) {
    auto const at = places[static_cast<std::size_t>(i)];
    out.append(text, at, text::character_length(text.view()[at]));
  });
  return e.memory.text(std::move(out));
}

}  // namespace

value attribute_of(evaluation& e, value const& object, std::string const& name) {
  check_object(e, object);
  if (auto const method = method_of(e, object, name)) return *method;
  if (auto const* const m = std::get_if<mapping*>(&object)) {
    e.look((*m)->items.size());
    if (auto const* const held = find(**m, name)) return *held;
  }
  return no_attribute(object, name);
}

value item_of(evaluation& e, value const& object, value const& key) {
  check_object(e, object);
  if (auto const* const m = std::get_if<mapping*>(&object)) {
    if (auto const* const held = find(e, **m, key)) return *held;
  } else if (auto const place = integer_of(key)) {
    if (auto const held = at_place(e, object, *place)) return *held;
  }
  if (!is_text(key)) return undefined{reason::element, e.memory.name(repr_of(e, key).view()), type_name(object)};
  auto const& name = *e.memory.name(view_of(key));
  if (auto const method = method_of(e, object, name)) return *method;
  return no_attribute(object, name);
}

value slice_of(evaluation& e, value const& object, value const& from, value const& to, value const& step) {
  check_object(e, object);
  if (is_text(object)) return text_slice(e, *std::get<marked_text const*>(object), from, to, step);
  auto const* const s = std::get_if<sequence*>(&object);
  if (s == nullptr || (*s)->what > sequence::kind::range)
    e.fail(std::string("'") + type_name(object) + "' has no slices");
  auto const size = static_cast<std::int64_t>((*s)->items.size());
  std::vector<value> out;
  for_places(bounds_of(e, size, from, to, step), size,
             [&](std::int64_t i) { out.push_back((*s)->items[static_cast<std::size_t>(i)]); });
  e.look(out.size());
  return e.memory.list(std::move(out), (*s)->what);
}

value path_of(evaluation& e, value const& object, value const& path) {
  if (!is_text(path)) return item_of(e, object, path);
  value out = object;
  std::string_view rest = view_of(path);
  while (true) {
    auto const dot = std::min(rest.find('.'), rest.size());
    std::string_view const part = rest.substr(0, dot);
    std::int64_t place = 0;
    auto const [end, failed] = std::from_chars(part.data(), part.data() + part.size(), place);
    bool const number = !part.empty() && part[0] != '-' && failed == std::errc() && end == part.data() + part.size();
    out = item_of(e, out, number ? value(place) : e.memory.text(std::string(part)));
    if (dot == rest.size()) return out;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace constformer::jinja
