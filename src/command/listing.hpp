#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

/// Lines of names and values, for people.
namespace constformer::command {

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t value);

/// A value without quotation marks.
[[nodiscard]] std::string plain(nlohmann::ordered_json const& value);

/// Appends a line: the name, blanks up to a column, the value.
void put_line(std::string& out, std::string name, std::string_view value);

}  // namespace constformer::command
