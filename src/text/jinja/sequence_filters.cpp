// Filters of lists, dicts and what else is looped over.
#include <algorithm>
#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "text/jinja/access.hpp"
#include "text/jinja/filters.hpp"
#include "text/jinja/given.hpp"
#include "text/jinja/methods.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/python_text.hpp"
#include "text/jinja/tests.hpp"

namespace constformer::jinja {

namespace {

using kind = sequence::kind;

value generator(evaluation& e, std::vector<value> items) { return e.memory.list(std::move(items), kind::generator); }

value list(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "list").at_most(0);
  return e.memory.list(items_of(e, subject));
}

value first(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "first").at_most(0);
  if (auto const* const s = std::get_if<sequence*>(&subject); s != nullptr && (*s)->what == kind::generator)
    return (*s)->read < (*s)->items.size() ? (*s)->items[(*s)->read++] : value(undefined{});
  auto const items = items_of(e, subject);
  return items.empty() ? value(undefined{}) : items.front();
}

void check_reversible(evaluation& e, value const& subject, char const* filter) {
  auto const* const s = std::get_if<sequence*>(&subject);
  if (s != nullptr && (*s)->what == kind::generator)
    e.fail(std::string(filter) + ": a generator has no end; `| list` makes a list of it");
}

value last(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "last").at_most(0);
  check_reversible(e, subject, "last");
  auto const items = items_of(e, subject);
  return items.empty() ? value(undefined{}) : items.back();
}

value reverse(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "reverse").at_most(0);
  if (is_text(subject)) return slice_of(e, subject, none{}, none{}, std::int64_t{-1});
  auto const* const s = std::get_if<sequence*>(&subject);
  bool const was_generator = s != nullptr && (*s)->what == kind::generator;
  auto items = items_of(e, subject);
  std::ranges::reverse(items);
  return was_generator ? value(e.memory.list(std::move(items))) : generator(e, std::move(items));
}

value items(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "items");
  g.at_most(0);
  if (is_undefined(subject)) return generator(e, {});
  if (!is<mapping*>(subject)) g.fail(std::string("'") + type_name(subject) + "' has no pairs of key and value");
  return generator(e, items_of(e, find_dict_method("items")(e, subject, {})));
}

// Texts are compared without regard to case unless a filter is told otherwise.
value key_of(evaluation& e, value const& v, value const* path, bool case_sensitive) {
  value const key = path == nullptr || is<none>(*path) ? v : path_of(e, v, *path);
  if (case_sensitive || !is_text(key)) return key;
  e.look(view_of(key).size() * 4);
  return e.memory.text(lower(*std::get<marked_text const*>(key)));
}

// The keys of "a,b.c": a list of what each path gives.
value keys_of(evaluation& e, value const& v, value const* paths, bool case_sensitive) {
  if (paths == nullptr || !is_text(*paths)) return key_of(e, v, paths, case_sensitive);
  std::vector<value> out;
  std::string_view rest = view_of(*paths);
  while (true) {
    auto const comma = std::min(rest.find(','), rest.size());
    value const path = e.memory.text(std::string(rest.substr(0, comma)));
    out.push_back(key_of(e, v, &path, case_sensitive));
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  return e.memory.list(std::move(out));
}

using keyed = std::pair<value, value>;  // what is compared, and the item

// Equal items keep their order, in reverse, too. A list merges: what compares with nothing, as NaN does, is no danger.
std::vector<value> sorted(evaluation& e, std::vector<keyed> const& items, bool reversed) {
  std::list all(items.begin(), items.end());
  if (reversed) all.reverse();
  all.sort([&](keyed const& a, keyed const& b) { return less(e, a.first, b.first); });
  if (reversed) all.reverse();
  std::vector<value> out;
  out.reserve(all.size());
  for (auto const& [key, item] : all) out.push_back(item);
  return out;
}

value sort(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "sort");
  g.at_most(3, "reverse,case_sensitive,attribute");
  bool const sensitive = g.flag(1, "case_sensitive", false);
  std::vector<keyed> items;
  for (value const& v : items_of(e, subject)) items.emplace_back(keys_of(e, v, g.find(2, "attribute"), sensitive), v);
  return e.memory.list(sorted(e, items, g.flag(0, "reverse", false)));
}

value dictsort(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "dictsort");
  g.at_most(3, "case_sensitive,by,reverse");
  if (auto const* const u = std::get_if<undefined>(&subject)) fail_undefined(e, *u);
  if (!is<mapping*>(subject)) g.fail(std::string("'") + type_name(subject) + "' is no dict");
  std::string_view const by = g.find(1, "by") == nullptr ? "key" : g.text(1, "by").view();
  if (by != "key" && by != "value") g.fail("it sorts by key or value");
  std::vector<keyed> items;
  for (auto const& [key, held] : std::get<mapping*>(subject)->items)
    items.emplace_back(key_of(e, by == "key" ? key : held, nullptr, g.flag(0, "case_sensitive", false)),
                       e.memory.list({key, held}, kind::tuple));
  return e.memory.list(sorted(e, items, g.flag(2, "reverse", false)));
}

value extreme(evaluation& e, value const& subject, arguments const& all, bool largest) {
  given const g(e, all, largest ? "max" : "min");
  g.at_most(2, "case_sensitive,attribute");
  std::optional<keyed> best;
  for (value const& v : items_of(e, subject)) {
    value const key = key_of(e, v, g.find(1, "attribute"), g.flag(0, "case_sensitive", false));
    if (!best || (largest ? less(e, best->first, key) : less(e, key, best->first))) best = {key, v};
  }
  return best ? best->second : value(undefined{});
}
value smallest(evaluation& e, value const& subject, arguments const& all) { return extreme(e, subject, all, false); }
value largest(evaluation& e, value const& subject, arguments const& all) { return extreme(e, subject, all, true); }

value sum(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "sum");
  g.at_most(2, "attribute,start");
  auto const* const path = g.find(0, "attribute");
  value out = g.find(1, "start") == nullptr ? value(std::int64_t{0}) : *g.find(1, "start");
  for (value const& v : items_of(e, subject)) out = compute(e, binary_operator::add, out, key_of(e, v, path, true));
  return out;
}

value unique(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "unique");
  g.at_most(2, "case_sensitive,attribute");
  std::vector<value> seen, out;
  for (value const& v : items_of(e, subject)) {
    value const key = key_of(e, v, g.find(1, "attribute"), g.flag(0, "case_sensitive", false));
    if (std::ranges::any_of(seen, [&](value const& known) { return equal(e, known, key); })) continue;
    seen.push_back(key);
    out.push_back(v);
  }
  return generator(e, std::move(out));
}

value batch(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "batch");
  g.at_most(2, "linecount,fill_with");
  std::int64_t const size = g.integer(0, "linecount", 0);
  constexpr std::int64_t longest = 100'000;
  if (size < 1 || size > longest) g.fail("the number of items is not from 1 to " + std::to_string(longest));
  std::vector<value> out, row;
  auto const finish = [&] { out.push_back(e.memory.list(std::exchange(row, {}))); };
  for (value const& v : items_of(e, subject)) {
    if (static_cast<std::int64_t>(row.size()) == size) finish();
    row.push_back(v);
  }
  auto const* const fill = g.find(1, "fill_with");
  if (!row.empty() && fill != nullptr && !is<none>(*fill)) row.resize(static_cast<std::size_t>(size), *fill);
  if (!row.empty()) finish();
  return generator(e, std::move(out));
}

value slice(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "slice");
  g.at_most(2, "slices,fill_with");
  constexpr std::int64_t most = 100'000;
  std::int64_t const slices = g.integer(0, "slices", 0);
  if (slices < 1 || slices > most) g.fail("the number of slices is not from 1 to " + std::to_string(most));
  auto const items = items_of(e, subject);
  auto const parts = static_cast<std::size_t>(slices);
  auto const* const fill = g.find(1, "fill_with");
  std::vector<value> out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    bool const longer = i < items.size() % parts;
    auto const size = items.size() / parts + (longer ? 1 : 0);
    std::vector<value> part(items.begin() + static_cast<std::ptrdiff_t>(at),
                            items.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (fill != nullptr && !is<none>(*fill) && !longer) part.push_back(*fill);
    out.push_back(e.memory.list(std::move(part)));
  }
  return generator(e, std::move(out));
}

// The arguments behind the first `count`.
arguments rest_of(arguments const& all, std::size_t count) {
  arguments out = all;
  out.positional.erase(out.positional.begin(), out.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return out;
}

value map_attribute(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "map");
  g.at_most(0, "attribute,default");
  value const& path = g.need(0, "attribute");
  auto const* const otherwise = g.find(1, "default");
  bool const has_default = otherwise != nullptr && !is<none>(*otherwise);
  std::vector<value> out;
  for (value const& v : items_of(e, subject)) {
    value held = has_default && is_undefined(v) ? *otherwise : path_of(e, v, path);
    out.push_back(has_default && is_undefined(held) ? *otherwise : held);
  }
  return generator(e, std::move(out));
}

value map(evaluation& e, value const& subject, arguments const& all) {
  if (all.positional.empty()) return map_attribute(e, subject, all);
  given const g(e, all, "map");
  auto const filter = find_filter(g.text(0).view());
  if (filter == nullptr) g.fail("the filter '" + std::string(g.text(0).view().substr(0, 40)) + "' is not supported");
  auto const rest = rest_of(all, 1);
  std::vector<value> out;
  for (value const& v : items_of(e, subject)) out.push_back(filter(e, v, rest));
  return generator(e, std::move(out));
}

// select, reject, selectattr and rejectattr: items whose test, of themselves or of an attribute, comes out as wanted.
template <bool by_attribute, bool wanted>
value choose(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "a filter that selects");
  constexpr std::size_t skipped = by_attribute ? 1 : 0;
  if (by_attribute) static_cast<void>(g.need(0));
  callable::function test = nullptr;
  if (all.positional.size() > skipped) {
    std::string_view const name = g.text(skipped).view();
    test = find_test(name);
    if (test == nullptr) g.fail("the test '" + std::string(name.substr(0, 40)) + "' is not supported");
  }
  auto const rest = rest_of(all, std::min(all.positional.size(), skipped + 1));
  std::vector<value> out;
  for (value const& v : is_iterable(subject) || truth(subject) ? items_of(e, subject) : std::vector<value>()) {
    value const asked = by_attribute ? path_of(e, v, all.positional[0]) : v;
    if (truth(test == nullptr ? asked : test(e, asked, rest)) == wanted) out.push_back(v);
  }
  return generator(e, std::move(out));
}

using table_row = std::pair<std::string_view, callable::function>;
constexpr std::array<table_row, 18> filters{table_row{"list", list},
                                            {"first", first},
                                            {"last", last},
                                            {"reverse", reverse},
                                            {"items", items},
                                            {"sort", sort},
                                            {"dictsort", dictsort},
                                            {"min", smallest},
                                            {"max", largest},
                                            {"sum", sum},
                                            {"unique", unique},
                                            {"batch", batch},
                                            {"slice", slice},
                                            {"map", map},
                                            {"select", choose<false, true>},
                                            {"reject", choose<false, false>},
                                            {"selectattr", choose<true, true>},
                                            {"rejectattr", choose<true, false>}};

}  // namespace

callable::function find_sequence_filter(std::string_view name) {
  auto const found = std::ranges::find(filters, name, &table_row::first);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace constformer::jinja
