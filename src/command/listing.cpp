#include "listing.hpp"

#include <utility>

namespace constformer::command {

using nlohmann::ordered_json;

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (std::ptrdiff_t i = std::ssize(digits) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

std::string plain(ordered_json const& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  return value.is_null() ? "none" : value.dump();
}

void put_line(std::string& out, std::string name, std::string_view value) {
  name.resize(std::max<std::size_t>(name.size() + 1, 24), ' ');
  out += name;
  out += value;
  out += '\n';
}

}  // namespace constformer::command
