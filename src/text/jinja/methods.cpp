#include "text/jinja/methods.hpp"

#include <algorithm>
#include <array>

#include "text/jinja/given.hpp"
#include "text/jinja/operators.hpp"

namespace constformer::jinja {

namespace {

using table_row = std::pair<std::string_view, callable::function>;

template <std::size_t N>
callable::function in_table(std::array<table_row, N> const& table, std::string_view name) {
  auto const found = std::ranges::find(table, name, &table_row::first);
  return found == table.end() ? nullptr : found->second;
}

constexpr std::array<std::string_view, 5> changing_dict{"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::array<std::string_view, 8> changing_list{"append", "clear", "pop",    "reverse",
                                                        "insert", "sort",  "extend", "remove"};
constexpr std::array<std::string_view, 6> missing{"encode",   "translate",  "maketrans",
                                                  "fromkeys", "format_map", "isprintable"};

// ---- dicts

mapping& dict_of(value const& self) { return *std::get<mapping*>(self); }

value get(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "get");
  g.at_most(2);
  if (auto const* const held = find(e, dict_of(self), g.need(0))) return *held;
  auto const* const otherwise = g.find(1);
  return otherwise == nullptr ? value(none{}) : *otherwise;
}

value view(evaluation& e, value const& self, sequence::kind what) {
  std::vector<value> out;
  for (auto const& [key, held] : dict_of(self).items) {
    if (what == sequence::kind::items)
      out.push_back(e.memory.list({key, held}, sequence::kind::tuple));
    else
      out.push_back(what == sequence::kind::keys ? key : held);
  }
  return e.memory.list(std::move(out), what);
}

value items(evaluation& e, value const& self, arguments const& all) {
  given(e, all, "items").at_most(0);
  return view(e, self, sequence::kind::items);
}
value keys(evaluation& e, value const& self, arguments const& all) {
  given(e, all, "keys").at_most(0);
  return view(e, self, sequence::kind::keys);
}
value values(evaluation& e, value const& self, arguments const& all) {
  given(e, all, "values").at_most(0);
  return view(e, self, sequence::kind::values);
}
value copy_dict(evaluation& e, value const& self, arguments const& all) {
  given(e, all, "copy").at_most(0);
  return e.memory.dict(dict_of(self).items);
}

constexpr std::array<table_row, 5> dict_methods{
    table_row{"get", get}, {"items", items}, {"keys", keys}, {"values", values}, {"copy", copy_dict}};

// ---- lists and tuples

sequence& list_of(value const& self) { return *std::get<sequence*>(self); }

value index(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "index");
  g.at_most(1);
  auto const& held = list_of(self).items;
  for (std::size_t i = 0; i < held.size(); ++i)
    if (equal(e, held[i], g.need(0))) return static_cast<std::int64_t>(i);
  g.fail("the list has no such item");
}
value count(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "count");
  g.at_most(1);
  return static_cast<std::int64_t>(
      std::ranges::count_if(list_of(self).items, [&](value const& v) { return equal(e, v, g.need(0)); }));
}
value copy_list(evaluation& e, value const& self, arguments const& all) {
  given(e, all, "copy").at_most(0);
  return e.memory.list(list_of(self).items);
}

constexpr std::array<table_row, 3> list_methods{table_row{"index", index}, {"count", count}, {"copy", copy_list}};

// ---- loop

value cycle(evaluation& e, value const& self, arguments const& all) {
  given const g(e, all, "loop.cycle");
  if (all.positional.empty()) g.fail("there is nothing to choose from");
  return all.positional[std::get<loop_state*>(self)->at % all.positional.size()];
}

value changed(evaluation& e, value const& self, arguments const& all) {
  auto& loop = *std::get<loop_state*>(self);
  auto* const now = e.memory.list(all.positional);
  bool const differs = loop.last_changed == nullptr || !equal(e, value(loop.last_changed), value(now));
  if (differs) loop.last_changed = now;
  return differs;
}

}  // namespace

callable::function find_dict_method(std::string_view name) { return in_table(dict_methods, name); }
callable::function find_list_method(std::string_view name) { return in_table(list_methods, name); }

callable::function find_method(value const& object, std::string_view name) {
  if (is_text(object)) return find_text_method(name);
  if (is<mapping*>(object)) return find_dict_method(name);
  auto const* const s = std::get_if<sequence*>(&object);
  if (s == nullptr) return nullptr;
  if ((*s)->what == sequence::kind::list) return find_list_method(name);
  return (*s)->what == sequence::kind::tuple && name != "copy" ? find_list_method(name) : nullptr;
}

bool changes_object(value const& object, std::string_view name) {
  if (is<mapping*>(object)) return std::ranges::find(changing_dict, name) != changing_dict.end();
  auto const* const s = std::get_if<sequence*>(&object);
  return s != nullptr && (*s)->what == sequence::kind::list &&
         std::ranges::find(changing_list, name) != changing_list.end();
}

bool is_missing_method(std::string_view name) { return std::ranges::find(missing, name) != missing.end(); }

std::optional<value> loop_attribute(evaluation& e, loop_state& loop, std::string_view name) {
  auto const at = static_cast<std::int64_t>(loop.at), size = static_cast<std::int64_t>(loop.items.size());
  value const self = &loop;
  if (name == "index") return at + 1;
  if (name == "index0") return at;
  if (name == "revindex") return size - at;
  if (name == "revindex0") return size - at - 1;
  if (name == "first") return at == 0;
  if (name == "last") return at + 1 == size;
  if (name == "length") return size;
  if (name == "depth") return loop.depth;
  if (name == "depth0") return loop.depth - 1;
  if (name == "previtem") return at == 0 ? value(undefined{}) : loop.items[loop.at - 1];
  if (name == "nextitem") return at + 1 == size ? value(undefined{}) : loop.items[loop.at + 1];
  if (name == "cycle") return e.memory.function({.name = "cycle", .run = cycle, .self = self});
  if (name == "changed") return e.memory.function({.name = "changed", .run = changed, .self = self});
  return std::nullopt;
}

}  // namespace constformer::jinja
