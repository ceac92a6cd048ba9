#include "constformer/checkpoint/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "json.hpp"
#include "missing_data.hpp"

namespace constformer {

using nlohmann::json;

namespace {

constexpr std::uint64_t largest_header = 100'000'000;  // the bound of the reference implementation

struct stored_type {
  std::string_view name;
  int bits;
  std::optional<dtype> read_as{};
};

constexpr std::array stored_types{
    stored_type{"F32", 32, dtype::f32},
    stored_type{"F16", 16, dtype::f16},
    stored_type{"BF16", 16, dtype::bf16},
    stored_type{"BOOL", 8},
    stored_type{"F4", 4},
    stored_type{"F6_E2M3", 6},
    stored_type{"F6_E3M2", 6},
    stored_type{"U8", 8},
    stored_type{"I8", 8},
    stored_type{"F8_E5M2", 8},
    stored_type{"F8_E4M3", 8},
    stored_type{"F8_E8M0", 8},
    stored_type{"F8_E4M3FNUZ", 8},
    stored_type{"F8_E5M2FNUZ", 8},
    stored_type{"I16", 16},
    stored_type{"U16", 16},
    stored_type{"I32", 32},
    stored_type{"U32", 32},
    stored_type{"C64", 64},
    stored_type{"F64", 64},
    stored_type{"I64", 64},
    stored_type{"U64", 64},
};

struct header_entry {
  std::string name;
  stored_type const* type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

std::string at(std::string_view where, std::string_view name) { return std::string(where) + ": " + std::string(name); }

stored_type const& type_of(json_fields const& fields) {
  std::string const name = fields.text("dtype");
  for (stored_type const& type : stored_types)
    if (type.name == name) return type;
  fields.misfit("dtype", "safetensors has no such type");
}

std::vector<std::int64_t> shape_of(json_fields const& fields) {
  json const* const value = fields.find("shape");
  if (value == nullptr) fields.missing("shape");
  if (!value->is_array()) fields.misfit("shape", "it must be a list of extents");
  std::vector<std::int64_t> shape;
  for (json const& extent : *value) {
    if (!extent.is_number_unsigned() ||
        extent.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      fields.misfit("shape", "each extent must be a whole number below 2^63");
    shape.push_back(extent.get<std::int64_t>());
  }
  return shape;
}

// Bytes of a tensor; a shape whose product is above 64 bits says so instead of wrapping around.
std::uint64_t bytes_of_shape(json_fields const& fields, std::vector<std::int64_t> const& shape, int bits) {
  std::uint64_t total = 1;
  for (std::int64_t const extent : shape)
    if (__builtin_mul_overflow(total, static_cast<std::uint64_t>(extent), &total))
      fields.misfit("shape", "its product does not fit in 64 bits");
  if (__builtin_mul_overflow(total, static_cast<std::uint64_t>(bits), &total))
    fields.misfit("shape", "its bytes do not fit in 64 bits");
  if (total % 8 != 0) fields.misfit("shape", "it ends within a byte");
  return total / 8;
}

std::pair<std::uint64_t, std::uint64_t> offsets_of(json_fields const& fields) {
  json const* const value = fields.find("data_offsets");
  if (value == nullptr) fields.missing("data_offsets");
  bool const pair =
      value->is_array() && value->size() == 2 && (*value)[0].is_number_unsigned() && (*value)[1].is_number_unsigned();
  if (!pair) fields.misfit("data_offsets", "it must be two whole numbers");
  return {(*value)[0].get<std::uint64_t>(), (*value)[1].get<std::uint64_t>()};
}

header_entry entry_of(std::string const& name, json const& value, std::string_view where, std::uint64_t data_size) {
  if (!value.is_object()) throw error(at(where, name) + ": " + quoted(value) + " is not a tensor's description");
  json_fields const fields(value, at(where, name));
  stored_type const& type = type_of(fields);
  std::vector<std::int64_t> shape = shape_of(fields);
  std::uint64_t const bytes = bytes_of_shape(fields, shape, type.bits);
  auto const [begin, end] = offsets_of(fields);
  if (end < begin) fields.misfit("data_offsets", "the end lies before the beginning");
  if (end > data_size) fields.misfit("data_offsets", "the data has " + std::to_string(data_size) + " bytes");
  if (end - begin != bytes)
    throw error(fields.where() + ": " + std::string(type.name) + shape_text(shape) + " takes " + std::to_string(bytes) +
                " bytes, data_offsets give it " + std::to_string(end - begin));
  return {name, &type, std::move(shape), begin, end};
}

void require_metadata(json const& value, std::string_view where) {
  if (value.is_null()) return;
  bool texts = value.is_object();
  if (texts)
    for (json const& item : value) texts = texts && item.is_string();
  if (!texts) throw error(std::string(where) + ": __metadata__ is not an object of strings");
}

// Tensors cover the data exactly: what no tensor covers could hide other content, what two cover would alias.
void require_end_to_end(std::vector<header_entry>& entries, std::uint64_t data_size, std::string_view where) {
  std::sort(entries.begin(), entries.end(), [](header_entry const& a, header_entry const& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t covered = 0;
  for (header_entry const& entry : entries) {
    if (entry.begin != covered)
      throw error(at(where, entry.name) + ": begins at byte " + std::to_string(entry.begin) +
                  " of the data, the tensor before " +
                  (entry.begin < covered ? "overlaps it and ends" : "leaves a gap and ends") + " at byte " +
                  std::to_string(covered));
    covered = entry.end;
  }
  if (covered != data_size)
    throw error(std::string(where) + ": its tensors end at byte " + std::to_string(covered) +
                " of the data, which has " + std::to_string(data_size) + " bytes");
}

std::vector<header_entry> parse_header(std::span<std::byte const> bytes, std::string_view where,
                                       std::uint64_t data_size) {
  std::string_view const header(reinterpret_cast<char const*>(bytes.data()), bytes.size());
  if (!header.starts_with('{')) throw error(std::string(where) + ": its safetensors header does not begin with {");
  json const parsed = parse_json_object(header, std::string(where) + ": safetensors header");
  std::vector<header_entry> entries;
  for (auto const& [name, value] : parsed.items()) {
    if (name == "__metadata__")
      require_metadata(value, where);
    else
      entries.push_back(entry_of(name, value, where, data_size));
  }
  return entries;
}

std::uint64_t header_length(std::span<std::byte const> file, std::string_view where) {
  if (file.size() < 8)
    throw error(std::string(where) + ": has " + std::to_string(file.size()) +
                " bytes, a safetensors file has at least 8");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  if (length > largest_header)
    throw error(std::string(where) + ": says its safetensors header has " + std::to_string(length) +
                " bytes, at most " + std::to_string(largest_header) + " are allowed");
  if (length > file.size() - 8)
    throw error(std::string(where) + ": says its safetensors header has " + std::to_string(length) + " bytes, only " +
                std::to_string(file.size() - 8) + " follow");
  return length;
}

}  // namespace

bool is_safetensors(std::span<std::byte const> file) {
  std::uint64_t length = 0;
  if (file.size() <= sizeof length) return false;
  std::memcpy(&length, file.data(), sizeof length);
  return length > 0 && length <= largest_header && file[sizeof length] == std::byte{'{'};
}

std::size_t whole_safetensors_bytes(std::span<std::byte const> file, std::string_view where) {
  std::uint64_t const length = header_length(file, where);
  constexpr std::uint64_t any = std::numeric_limits<std::int64_t>::max() - largest_header - 8;
  std::uint64_t data = 0;
  for (header_entry const& entry : parse_header(file.subspan(8, length), where, any)) data = std::max(data, entry.end);
  return static_cast<std::size_t>(8 + length + data);
}

safetensors_content read_safetensors(std::span<std::byte const> file, std::string_view where) {
  std::uint64_t const length = header_length(file, where);
  auto const data = file.subspan(8 + length);
  auto entries = parse_header(file.subspan(8, length), where, data.size());
  require_end_to_end(entries, data.size(), where);
  std::sort(entries.begin(), entries.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
  safetensors_content out;
  for (header_entry& entry : entries) {
    std::uint64_t const bytes = entry.end - entry.begin;
    if (entry.type->read_as)
      out.tensors.push_back(
          {std::move(entry.name), *entry.type->read_as, std::move(entry.shape), data.subspan(entry.begin, bytes)});
    else
      out.unread.push_back({std::move(entry.name), std::string(entry.type->name), std::move(entry.shape),
                            static_cast<std::int64_t>(bytes), data.subspan(entry.begin, bytes)});
  }
  return out;
}

}  // namespace constformer
