#include "text/jinja/json_values.hpp"

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace constformer::jinja {

namespace {

using json = nlohmann::ordered_json;

value deep_value(evaluation& e, json const& j, bool told, int depth) {
  if (depth > deepest_value) e.fail("what it is given nests deeper than " + std::to_string(deepest_value) + " levels");
  switch (j.type()) {
    case json::value_t::boolean: return j.get<bool>();
    case json::value_t::number_integer: return j.get<std::int64_t>();
    case json::value_t::number_unsigned: {
      auto const number = j.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        e.fail("a whole number that it is given does not fit 64 bits");
      return static_cast<std::int64_t>(number);
    }
    case json::value_t::number_float: return j.get<double>();
    case json::value_t::string: return e.memory.text(j.get_ref<std::string const&>(), told);
    case json::value_t::array: {
      std::vector<value> items;
      items.reserve(j.size());
      for (auto const& item : j) items.push_back(deep_value(e, item, told, depth + 1));
      return e.memory.list(std::move(items));
    }
    case json::value_t::object: {
      std::vector<std::pair<value, value>> items;
      for (auto const& [key, held] : j.items())
        items.emplace_back(e.memory.text(key, told), deep_value(e, held, told && key != "role", depth + 1));
      return e.memory.dict(std::move(items));
    }
    default: return none{};
  }
}

}  // namespace

value value_of(evaluation& e, json const& j, bool told) { return deep_value(e, j, told, 0); }

}  // namespace constformer::jinja
