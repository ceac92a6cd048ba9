#include "data/position.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"

namespace constformer::data {

namespace {

std::int64_t checked(nlohmann::json const& value, char const* name, std::int64_t most) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() > most)
    throw error(std::string("position in the data: ") + name + " is " + value.dump().substr(0, 40) +
                ", a number from 0 to " + std::to_string(most) + " is expected");
  return value.get<std::int64_t>();
}

nlohmann::json const& field(nlohmann::json const& fields, char const* name) {
  auto const at = fields.find(name);
  if (at == fields.end()) throw error(std::string("position in the data: ") + name + " is missing");
  return *at;
}

}  // namespace

position::position(std::string_view text, std::string_view of) : fields_(nlohmann::json::parse(text, nullptr, false)) {
  if (!fields_.is_object() || !fields_.contains("of") || !fields_["of"].is_string())
    throw error("position in the data: this is none: " + std::string(text.substr(0, 60)));
  if (auto const found = fields_["of"].get<std::string>(); found != of)
    throw error("position in the data: it was taken of " + found + ", the data is read as " + std::string(of));
}

std::int64_t position::number(char const* name, std::int64_t most) const {
  return checked(field(fields_, name), name, most);
}

std::vector<std::int64_t> position::numbers(char const* name, std::int64_t most) const {
  nlohmann::json const& list = field(fields_, name);
  if (!list.is_array()) throw error(std::string("position in the data: ") + name + " is no list");
  std::vector<std::int64_t> out;
  for (nlohmann::json const& value : list) out.push_back(checked(value, name, most));
  return out;
}

}  // namespace constformer::data
