#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// GGUF files made byte by byte, so that tests can also make wrong ones.
namespace gguf_test {

template <class Value>
std::string number(Value value) {
  return {reinterpret_cast<char const*>(&value), sizeof value};
}

inline std::string text(std::string_view value) { return number(std::uint64_t{value.size()}) + std::string(value); }

/// One key with its value, by the type numbers of the format.
inline std::string entry(std::string_view key, std::uint32_t type, std::string const& value) {
  return text(key) + number(type) + value;
}
inline std::string u32(std::string_view key, std::uint32_t value) { return entry(key, 4, number(value)); }
inline std::string i32(std::string_view key, std::int32_t value) { return entry(key, 5, number(value)); }
inline std::string f32(std::string_view key, float value) { return entry(key, 6, number(value)); }
inline std::string flag(std::string_view key, bool value) { return entry(key, 7, number(value)); }
inline std::string str(std::string_view key, std::string_view value) { return entry(key, 8, text(value)); }

inline std::string list(std::string_view key, std::uint32_t type, std::uint64_t count, std::string const& values) {
  return entry(key, 9, number(type) + number(count) + values);
}
inline std::string texts(std::string_view key, std::vector<std::string> const& values) {
  std::string all;
  for (std::string const& v : values) all += text(v);
  return list(key, 8, values.size(), all);
}
template <class Value>
std::string numbers(std::string_view key, std::uint32_t type, std::vector<Value> const& values) {
  std::string all;
  for (Value const v : values) all += number(v);
  return list(key, type, values.size(), all);
}

/// The header's line about a tensor; `extents` are innermost first, as in the file.
inline std::string info(std::string_view name, std::vector<std::uint64_t> const& extents, std::uint32_t type,
                        std::uint64_t offset) {
  std::string out = text(name) + number(static_cast<std::uint32_t>(extents.size()));
  for (std::uint64_t const e : extents) out += number(e);
  return out + number(type) + number(offset);
}

inline std::string joined(std::vector<std::string> const& parts) {
  std::string out;
  for (std::string const& part : parts) out += part;
  return out;
}

/// A whole file of version 3; data begins at the next multiple of 32.
inline std::string file(std::vector<std::string> const& entries, std::vector<std::string> const& infos = {},
                        std::string_view data = {}) {
  std::string out = "GGUF" + number(std::uint32_t{3}) + number(std::uint64_t{infos.size()}) +
                    number(std::uint64_t{entries.size()}) + joined(entries) + joined(infos);
  if (!infos.empty()) out.resize((out.size() + 31) / 32 * 32, '\0');
  return out.append(data);
}

}  // namespace gguf_test
