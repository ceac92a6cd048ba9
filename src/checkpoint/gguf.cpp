#include "constformer/checkpoint/gguf.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <unordered_set>
#include <utility>

#include "checkpoint/gguf_cursor.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

using gguf::cursor;

constexpr std::string_view magic = "GGUF";
constexpr std::uint64_t default_alignment = 32;

// The element types by ggml's numbers. Gaps are formats that ggml has dropped; Q8_1 and Q8_K are what it rounds
// activations to.
struct ggml_type {
  std::string_view name;
  std::optional<dtype> type{};  // nothing: it is refused
};

constexpr std::array<ggml_type, 42> ggml_types{{{"F32", dtype::f32},
                                                {"F16", dtype::f16},
                                                {"Q4_0", dtype::q4_0},
                                                {"Q4_1", dtype::q4_1},
                                                {"Q4_2"},
                                                {"Q4_3"},
                                                {"Q5_0", dtype::q5_0},
                                                {"Q5_1", dtype::q5_1},
                                                {"Q8_0", dtype::q8_0},
                                                {"Q8_1"},
                                                {"Q2_K", dtype::q2_k},
                                                {"Q3_K", dtype::q3_k},
                                                {"Q4_K", dtype::q4_k},
                                                {"Q5_K", dtype::q5_k},
                                                {"Q6_K", dtype::q6_k},
                                                {"Q8_K"},
                                                {"IQ2_XXS", dtype::iq2_xxs},
                                                {"IQ2_XS", dtype::iq2_xs},
                                                {"IQ3_XXS", dtype::iq3_xxs},
                                                {"IQ1_S", dtype::iq1_s},
                                                {"IQ4_NL", dtype::iq4_nl},
                                                {"IQ3_S", dtype::iq3_s},
                                                {"IQ2_S", dtype::iq2_s},
                                                {"IQ4_XS", dtype::iq4_xs},
                                                {"I8"},
                                                {"I16"},
                                                {"I32"},
                                                {"I64"},
                                                {"F64"},
                                                {"IQ1_M", dtype::iq1_m},
                                                {"BF16", dtype::bf16},
                                                {"Q4_0_4_4"},
                                                {"Q4_0_4_8"},
                                                {"Q4_0_8_8"},
                                                {"TQ1_0", dtype::tq1_0},
                                                {"TQ2_0", dtype::tq2_0},
                                                {"IQ4_NL_4_4"},
                                                {"IQ4_NL_4_8"},
                                                {"IQ4_NL_8_8"},
                                                {"MXFP4", dtype::mxfp4},
                                                {"NVFP4", dtype::nvfp4},
                                                {"Q1_0"}}};

dtype dtype_of(cursor const& in, std::string const& tensor, std::uint32_t number) {
  if (number >= ggml_types.size())
    in.fail(tensor + " is of type " + std::to_string(number) + ", types below " + std::to_string(ggml_types.size()) +
            " are known");
  ggml_type const& known = ggml_types[number];
  if (!known.type)
    in.fail(tensor + " is " + std::string(known.name) +
            ", read are F32, F16, BF16 and the types that weights are quantised to");
  return *known.type;
}

std::size_t width_of(gguf_type type) {
  switch (type) {
    case gguf_type::u8:
    case gguf_type::i8:
    case gguf_type::boolean: return 1;
    case gguf_type::u16:
    case gguf_type::i16: return 2;
    case gguf_type::u32:
    case gguf_type::i32:
    case gguf_type::f32: return 4;
    case gguf_type::u64:
    case gguf_type::i64:
    case gguf_type::f64: return 8;
    case gguf_type::string:
    case gguf_type::array: break;
  }
  return 0;
}

std::string_view name_of(gguf_type type) {
  constexpr std::array<std::string_view, 13> names{"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                                   "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<std::size_t>(type)];
}

gguf_type read_type(cursor& in, std::string const& place) {
  auto const number = in.number<std::uint32_t>(place);
  if (number > static_cast<std::uint32_t>(gguf_type::f64))
    in.fail(place + " is of type " + std::to_string(number) + ", 0 to 12 are known");
  return static_cast<gguf_type>(number);
}

gguf_entry read_entry(cursor& in, std::span<std::byte const> file) {
  gguf_entry e;
  e.key = in.string("a key of the metadata");
  if (e.key.empty() || e.key.size() > 65535)
    in.fail("a key of the metadata has " + std::to_string(e.key.size()) + " bytes, 1 to 65535 are allowed");
  std::string const place = "key " + std::string(e.key);
  e.type = read_type(in, place);
  if (e.type == gguf_type::array) {
    e.is_array = true;
    e.type = read_type(in, place);
    e.count = in.number<std::uint64_t>(place);
    if (e.type == gguf_type::array) in.fail(place + " is an array of arrays, which no reader knows");
  }
  std::size_t const begin = in.offset();
  if (e.type == gguf_type::string) {
    for (std::uint64_t i = 0; i < e.count; ++i) static_cast<void>(in.string(place));
  } else {
    std::size_t const width = width_of(e.type);
    if (e.count > file.size() / width)
      in.fail(place + " says it has " + std::to_string(e.count) + " values, the file has " +
              std::to_string(file.size()) + " bytes");
    static_cast<void>(in.take(e.count * width, place));
  }
  e.payload = file.subspan(begin, in.offset() - begin);
  return e;
}

// A tensor of the header; where its data lies is known when the header has ended.
struct tensor_info {
  gguf_tensor tensor;
  std::uint64_t offset = 0;  // from the start of the data
  std::uint64_t bytes = 0;
};

std::uint64_t bytes_of_tensor(cursor const& in, gguf_tensor const& t) {
  std::uint64_t count = 1;
  for (std::int64_t const extent : t.shape)
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count) || count > (std::uint64_t{1} << 60))
      in.fail(t.name + ": has more values than 64 bits can count");
  dtype_group const group = group_of(t.type);
  if (t.shape.back() % group.values != 0)
    in.fail(t.name + ": rows of " + std::to_string(t.shape.back()) + " values are no whole groups of " +
            std::to_string(group.values));
  return static_cast<std::uint64_t>(bytes_of(t.type, static_cast<std::int64_t>(count)));
}

tensor_info read_info(cursor& in) {
  tensor_info info;
  gguf_tensor& t = info.tensor;
  t.name = in.string("a tensor's name");
  if (t.name.empty()) in.fail("a tensor has no name");
  auto const rank = in.number<std::uint32_t>(t.name);
  if (rank < 1 || rank > 4) in.fail(t.name + ": has " + std::to_string(rank) + " dimensions, 1 to 4 are allowed");
  for (std::uint32_t i = 0; i < rank; ++i) {
    auto const extent = in.number<std::uint64_t>(t.name);
    if (extent < 1 || extent > (std::uint64_t{1} << 62))
      in.fail(t.name + ": dimension " + std::to_string(i) + " is " + std::to_string(extent));
    t.shape.insert(t.shape.begin(), static_cast<std::int64_t>(extent));  // ggml counts from the innermost
  }
  t.type = dtype_of(in, t.name, in.number<std::uint32_t>(t.name));
  info.offset = in.number<std::uint64_t>(t.name);
  info.bytes = bytes_of_tensor(in, t);
  return info;
}

void place_tensors(cursor const& in, std::span<std::byte const> file, std::uint64_t alignment,
                   std::vector<tensor_info> infos, std::vector<gguf_tensor>& out) {
  std::uint64_t const begin = (in.offset() + alignment - 1) / alignment * alignment;
  std::uint64_t const room = begin > file.size() ? 0 : file.size() - begin;
  std::uint64_t end = 0;  // of the tensor before
  for (tensor_info& info : infos) {
    std::string const& name = info.tensor.name;
    if (info.offset % alignment != 0)
      in.fail(name + ": lies at byte " + std::to_string(info.offset) + " of the data, which is no multiple of " +
              std::to_string(alignment));
    if (info.offset < end)
      in.fail(name + ": lies at byte " + std::to_string(info.offset) + " of the data, the tensor before it ends at " +
              std::to_string(end));
    if (info.offset > room || info.bytes > room - info.offset)
      in.fail(name + ": needs " + std::to_string(info.bytes) + " bytes from byte " + std::to_string(info.offset) +
              " of the data on, which has " + std::to_string(room));
    end = info.offset + info.bytes;
    info.tensor.bytes =
        file.subspan(static_cast<std::size_t>(begin + info.offset), static_cast<std::size_t>(info.bytes));
    out.push_back(std::move(info.tensor));
  }
}

std::uint64_t alignment_of(gguf_file const& file) {
  auto const given = file.integer("general.alignment");
  if (!given) return default_alignment;
  bool const power = *given > 0 && std::has_single_bit(static_cast<unsigned>(*given));
  if (!power || *given > 1 << 20)
    throw error(file.where + ": key general.alignment is " + std::to_string(*given) +
                ", a power of two up to 1048576 is expected");
  return static_cast<std::uint64_t>(*given);
}

void require_version(cursor const& in, std::uint32_t version) {
  if (version == 2 || version == 3) return;
  if (version == 0x02000000U || version == 0x03000000U)
    in.fail("is a big-endian GGUF file, little-endian ones are read");
  in.fail("is a GGUF file of version " + std::to_string(version) + ", versions 2 and 3 are read");
}

[[noreturn]] void misfit(gguf_file const& file, gguf_entry const& e, std::string_view expected) {
  throw error(file.where + ": key " + std::string(e.key) + " is " +
              (e.is_array ? "an array of " + std::to_string(e.count) + " " : std::string()) +
              std::string(name_of(e.type)) + ", " + std::string(expected) + " is expected");
}

template <class T>
T value_at(gguf_entry const& e, std::size_t index) {
  T value;
  std::memcpy(&value, e.payload.data() + index * sizeof(T), sizeof(T));
  return value;
}

// A whole number of any width; nothing if it is no whole number or does not fit int.
std::optional<int> integer_at(gguf_entry const& e, std::size_t index) {
  auto const fit = [](auto value) {
    return std::in_range<int>(value) ? std::optional(static_cast<int>(value)) : std::nullopt;
  };
  switch (e.type) {
    case gguf_type::u8: return fit(value_at<std::uint8_t>(e, index));
    case gguf_type::i8: return fit(value_at<std::int8_t>(e, index));
    case gguf_type::u16: return fit(value_at<std::uint16_t>(e, index));
    case gguf_type::i16: return fit(value_at<std::int16_t>(e, index));
    case gguf_type::u32: return fit(value_at<std::uint32_t>(e, index));
    case gguf_type::i32: return fit(value_at<std::int32_t>(e, index));
    case gguf_type::u64: return fit(value_at<std::uint64_t>(e, index));
    case gguf_type::i64: return fit(value_at<std::int64_t>(e, index));
    case gguf_type::f32:
    case gguf_type::f64:
    case gguf_type::boolean:
    case gguf_type::string:
    case gguf_type::array: break;
  }
  return std::nullopt;
}

}  // namespace

gguf_entry const* gguf_file::find(std::string_view key) const {
  auto const at = std::find_if(metadata.begin(), metadata.end(), [&](gguf_entry const& e) { return e.key == key; });
  return at == metadata.end() ? nullptr : &*at;
}

std::optional<int> gguf_file::integer(std::string_view key) const {
  gguf_entry const* const e = find(key);
  if (e == nullptr) return std::nullopt;
  auto const value = e->is_array ? std::nullopt : integer_at(*e, 0);
  if (!value) misfit(*this, *e, "a whole number below 2147483648");
  return value;
}

std::optional<int> gguf_file::id(std::string_view key, std::size_t count) const {
  gguf_entry const* const e = find(key);
  if (e == nullptr) return std::nullopt;
  bool const real = e->type == gguf_type::f32 || e->type == gguf_type::f64;
  if (e->is_array || real || e->type == gguf_type::boolean || e->type == gguf_type::string)
    misfit(*this, *e, "a whole number");
  auto const value = integer_at(*e, 0);
  return value && *value >= 0 && static_cast<std::size_t>(*value) < count ? value : std::nullopt;
}

std::optional<float> gguf_file::real(std::string_view key) const {
  gguf_entry const* const e = find(key);
  if (e == nullptr) return std::nullopt;
  if (!e->is_array && e->type == gguf_type::f32) return value_at<float>(*e, 0);
  if (!e->is_array && e->type == gguf_type::f64) return static_cast<float>(value_at<double>(*e, 0));
  misfit(*this, *e, "a number");
}

std::optional<bool> gguf_file::flag(std::string_view key) const {
  gguf_entry const* const e = find(key);
  if (e == nullptr) return std::nullopt;
  if (e->is_array || e->type != gguf_type::boolean) misfit(*this, *e, "a bool");
  return value_at<std::uint8_t>(*e, 0) != 0;
}

std::optional<std::string> gguf_file::text(std::string_view key) const {
  gguf_entry const* const e = find(key);
  if (e == nullptr) return std::nullopt;
  if (e->is_array || e->type != gguf_type::string) misfit(*this, *e, "a string");
  return std::string(cursor(e->payload, where).string(key));
}

std::vector<std::string_view> gguf_file::texts(std::string_view key) const {
  std::vector<std::string_view> out;
  gguf_entry const* const e = find(key);
  if (e == nullptr) return out;
  if (!e->is_array || e->type != gguf_type::string) misfit(*this, *e, "an array of strings");
  cursor in(e->payload, where);
  for (std::uint64_t i = 0; i < e->count; ++i) out.push_back(in.string(key));
  return out;
}

std::vector<int> gguf_file::integers(std::string_view key) const {
  std::vector<int> out;
  gguf_entry const* const e = find(key);
  if (e == nullptr) return out;
  if (!e->is_array) misfit(*this, *e, "an array of whole numbers");
  for (std::size_t i = 0; i < e->count; ++i) {
    auto const value = integer_at(*e, i);
    if (!value) misfit(*this, *e, "an array of whole numbers below 2147483648");
    out.push_back(*value);
  }
  return out;
}

std::vector<float> gguf_file::reals(std::string_view key) const {
  std::vector<float> out;
  gguf_entry const* const e = find(key);
  if (e == nullptr) return out;
  if (!e->is_array || e->type != gguf_type::f32) misfit(*this, *e, "an array of f32");
  for (std::size_t i = 0; i < e->count; ++i) out.push_back(value_at<float>(*e, i));
  return out;
}

std::string_view gguf_file::bytes(std::string_view key) const {
  gguf_entry const* const e = find(key);
  if (e == nullptr) return {};
  if (!e->is_array || width_of(e->type) != 1) misfit(*this, *e, "an array of bytes");
  return {reinterpret_cast<char const*>(e->payload.data()), e->payload.size()};
}

bool is_gguf(std::span<std::byte const> file) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

gguf_file read_gguf(std::span<std::byte const> file, std::string_view where) {
  cursor in(file, where);
  if (!is_gguf(file)) in.fail("is no GGUF file, its first four bytes are other ones");
  static_cast<void>(in.take(magic.size(), "the header"));
  gguf_file out;
  out.where = where;
  out.version = in.number<std::uint32_t>("the header");
  require_version(in, out.version);
  auto const tensors = in.number<std::uint64_t>("the header");
  auto const keys = in.number<std::uint64_t>("the header");
  std::unordered_set<std::string_view> seen;
  for (std::uint64_t i = 0; i < keys; ++i) {
    out.metadata.push_back(read_entry(in, file));
    std::string_view const key = out.metadata.back().key;
    if (!seen.insert(key).second) in.fail("key " + std::string(key) + " comes twice");
  }
  std::vector<tensor_info> infos;
  std::unordered_set<std::string> names;
  for (std::uint64_t i = 0; i < tensors; ++i) {
    infos.push_back(read_info(in));
    if (!names.insert(infos.back().tensor.name).second) in.fail("tensor " + infos.back().tensor.name + " comes twice");
  }
  if (!infos.empty()) place_tensors(in, file, alignment_of(out), std::move(infos), out.tensors);
  return out;
}

}  // namespace constformer
