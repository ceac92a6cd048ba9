#include "text/jinja/given.hpp"

#include "text/jinja/operators.hpp"

namespace constformer::jinja {

value const* given::find(std::size_t place, std::string_view name) const {
  if (place < all_.positional.size()) return &all_.positional[place];
  for (auto const& [known, held] : all_.named)
    if (!name.empty() && known == name) return &held;
  return nullptr;
}

value const& given::need(std::size_t place, std::string_view name) const {
  auto const* const v = find(place, name);
  if (v == nullptr) fail("an argument is missing");
  return *v;
}

bool given::flag(std::size_t place, std::string_view name, bool otherwise) const {
  auto const* const v = find(place, name);
  return v == nullptr ? otherwise : truth(*v);
}

std::int64_t given::integer(std::size_t place, std::string_view name, std::int64_t otherwise) const {
  auto const* const v = find(place, name);
  if (v == nullptr) return otherwise;
  auto const i = integer_of(*v);
  if (!i) fail(std::string("an argument is of type '") + type_name(*v) + "', a whole number is expected");
  return *i;
}

marked_text const& given::text(std::size_t place, std::string_view name) const {
  value const& v = need(place, name);
  if (auto const* const u = std::get_if<undefined>(&v)) fail_undefined(e_, *u);
  if (!is_text(v)) fail(std::string("an argument is of type '") + type_name(v) + "', a text is expected");
  return *std::get<marked_text const*>(v);
}

marked_text const* given::text_or_none(std::size_t place, std::string_view name) const {
  auto const* const v = find(place, name);
  return v == nullptr || is<none>(*v) ? nullptr : &text(place, name);
}

void given::at_most(std::size_t places, std::string_view names) const {
  if (all_.positional.size() > places) fail("it takes fewer arguments");
  for (auto const& [name, held] : all_.named) {
    std::string_view rest = names;
    bool known = false;
    while (!rest.empty() && !known) {
      auto const comma = rest.find(',');
      known = rest.substr(0, comma) == name;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    if (!known) fail("it takes no argument '" + std::string(name.substr(0, 40)) + "'");
  }
}

}  // namespace constformer::jinja
