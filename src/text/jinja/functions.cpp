#include "text/jinja/functions.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "constformer/core/error.hpp"
#include "text/jinja/given.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/printing.hpp"

namespace constformer::jinja {

namespace {

value range(evaluation& e, value const&, arguments const& all) {
  given const g(e, all, "range");
  g.at_most(3);
  constexpr std::int64_t most = 100'000;  // jinja2.sandbox.MAX_RANGE
  bool const one = all.positional.size() == 1;
  std::int64_t const begin = one ? 0 : g.integer(0, {}, 0);
  std::int64_t const end = one ? g.integer(0, {}, 0) : (static_cast<void>(g.need(1)), g.integer(1, {}, 0));
  std::int64_t const step = g.integer(2, {}, 1);
  if (step == 0) g.fail("the step is 0");
  std::vector<value> out;
  for (std::int64_t i = begin; step > 0 ? i < end : i > end;) {
    if (static_cast<std::int64_t>(out.size()) == most) g.fail("it has more than " + std::to_string(most) + " numbers");
    out.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  e.look(out.size());
  return e.memory.list(std::move(out), sequence::kind::range);
}

// A dict of pairs or of another dict, and of what is named.
mapping& dict_of(evaluation& e, given const& g, arguments const& all) {
  g.at_most(1, "");
  auto& out = *e.memory.dict();
  if (all.positional.empty()) return out;
  value const& from = all.positional[0];
  if (auto const* const m = std::get_if<mapping*>(&from)) {
    for (auto const& [key, held] : (*m)->items) set(e, out, key, held);
    return out;
  }
  for (value const& pair : items_of(e, from)) {
    auto const both = items_of(e, pair);
    if (both.size() != 2) g.fail("an item is no pair of key and value");
    set(e, out, both[0], both[1]);
  }
  return out;
}

value dict(evaluation& e, value const&, arguments const& all) {
  arguments const places{all.positional, {}, none{}};
  auto& out = dict_of(e, given(e, places, "dict"), places);
  for (auto const& [name, held] : all.named) set(e, out, e.memory.text(std::string(name)), held);
  return &out;
}

value make_namespace(evaluation& e, value const& self, arguments const& all) {
  auto const& items = std::get<mapping*>(dict(e, self, all))->items;
  auto* const out = e.memory.space();
  e.memory.charge(items.size() * sizeof(std::pair<std::string, value>));
  for (auto const& [name, held] : items) {
    if (!is_text(name)) e.fail("namespace: a name is no text");
    if (view_of(name).starts_with('_')) e.fail("namespace: a name begins with an underscore");
    out->items.emplace_back(std::string(view_of(name)), held);
  }
  return out;
}

value raise_exception(evaluation& e, value const&, arguments const& all) {
  given const g(e, all, "raise_exception");
  g.at_most(1, "message");
  auto const message = text_of(e, g.need(0, "message"));
  throw error("the chat template refuses the conversation: " + std::string(message.view()));
}

value strftime_now(evaluation& e, value const&, arguments const& all) {
  given const g(e, all, "strftime_now");
  g.at_most(1, "format");
  constexpr std::size_t longest = 256, room = 4096;
  std::string const format(g.text(0, "format").view());
  if (format.size() > longest) g.fail("the format has more than " + std::to_string(longest) + " bytes");
  if (format.empty()) return e.memory.text(std::string());
  std::array<char, room> out{};
  // A mark behind the format: without it nothing written could not be told from too little room.
  auto const size = std::strftime(out.data(), out.size(), (format + "|").c_str(), &e.now);
  if (size == 0) g.fail("the date has more than " + std::to_string(room) + " bytes");
  return e.memory.text(std::string(out.data(), size - 1));
}

constexpr std::array<std::string_view, 3> missing{"lipsum", "cycler", "joiner"};

using table_row = std::pair<std::string_view, callable::function>;
constexpr std::array<table_row, 5> functions{table_row{"range", range},
                                             {"dict", dict},
                                             {"namespace", make_namespace},
                                             {"raise_exception", raise_exception},
                                             {"strftime_now", strftime_now}};

}  // namespace

void add_functions(evaluation& e, scope& names) {
  for (auto const& [name, run] : functions) names.set(name, e.memory.function({.name = name, .run = run}));
}

bool is_missing_function(std::string_view name) { return std::ranges::find(missing, name) != missing.end(); }

}  // namespace constformer::jinja
