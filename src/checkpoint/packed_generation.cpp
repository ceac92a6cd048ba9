#include "packed_generation.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"

namespace constformer::packed {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

template <class Value>
struct stated {
  using type = Value;
  static bool is(Value const& value) { return !value.empty(); }
  static Value const& get(Value const& value) { return value; }
};

template <class Value>
struct stated<std::optional<Value>> {
  using type = Value;
  static bool is(std::optional<Value> const& value) { return value.has_value(); }
  static Value const& get(std::optional<Value> const& value) { return *value; }
};

// 0.6 and not 0.6000000238418579: the shortest decimal that float32 tells from its neighbours.
double shortest(float value) {
  std::array<char, 32> text{};
  auto const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double out = 0;
  std::from_chars(text.data(), end, out);
  return out;
}

// Numbers within their bounds, ids among them; anything else of another type throws json's own exception.
void require_within(json const& value, double least, double most) {
  if (value.is_array())
    for (json const& item : value) require_within(item, least, most);
  else if (value.is_number() && !(value.get<double>() >= least && value.get<double>() <= most))
    throw error("is out of bounds");
}

}  // namespace

ordered_json generation_json(generation_defaults const& defaults) {
  ordered_json out = {{"from", defaults.from}};
  for_each_kept_value(defaults, [&](char const* name, auto const& value, double, double) {
    using held = stated<std::remove_cvref_t<decltype(value)>>;
    if (!held::is(value)) return;
    if constexpr (std::is_same_v<typename held::type, float>)
      out[name] = shortest(*value);
    else
      out[name] = held::get(value);
  });
  return out;
}

generation_defaults read_generation(json const& value, std::string const& place) {
  generation_defaults out;
  auto const read = [&](char const* name, auto& into, double least, double most) {
    if (!value.contains(name)) return;
    try {
      require_within(value[name], least, most);
      into = value[name].template get<typename stated<std::remove_cvref_t<decltype(into)>>::type>();
    } catch (std::exception const& problem) {
      throw error(place + ": field generation: " + name + ": " + problem.what());
    }
  };
  if (!value.is_object()) throw error(place + ": field generation is not a JSON object");
  read("from", out.from, 0, 0);
  for_each_kept_value(out, read);
  return out;
}

}  // namespace constformer::packed
