#include "unpack_weights.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "../checkpoint/hexadecimal.hpp"
#include "../checkpoint/readers/describe.hpp"
#include "constformer/checkpoint/fingerprint.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "pack_weights.hpp"
#include "weight_choice.hpp"

namespace constformer::command {

namespace {

dtype type_from(std::string const& name, std::string const& where) {
  for (int i = 0; i < dtype_count; ++i)
    if (auto const type = static_cast<dtype>(i); name_of(type) == name) return type;
  throw error(where + ": section tensors: type \"" + name + "\" is not known");
}

// f32 keeps all of every stored type; the halves keep only themselves, and what blocks stand for needs f32.
dtype type_given_back(packed_tensor const& t, std::string const& where) {
  dtype const packed = type_from(t.type, where), stored = type_from(t.stored_type, where);
  if (quantisation_group(packed) > 0) return dtype::f32;
  if (packed != dtype::f32) return packed;
  return stored == dtype::f16 || stored == dtype::bf16 ? stored : dtype::f32;
}

// A file of weights never holds a tensor in less than an eighth of its bytes: four bits and a scale for 32.
std::size_t bytes_of_shape(std::vector<std::int64_t> const& shape, dtype type, std::size_t weights,
                           std::string const& where) {
  auto bytes = static_cast<std::size_t>(group_of(type).bytes);
  for (std::int64_t const extent : shape)
    if (extent < 1 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(extent), &bytes) || bytes / 8 > weights)
      throw error(where + ": section tensors: shape " + shape_text(shape) + " does not fit in " +
                  std::to_string(weights) + " bytes of weights");
  return bytes;
}

void put_stored_bytes(std::string_view digits, std::span<std::byte> out, std::string const& where) {
  if (!read_hexadecimal(digits, out))
    throw error(where + ": section tensors: stored_bytes are not the hexadecimal digits of " +
                std::to_string(out.size()) + " bytes");
}

// Until the values are there each tensor holds its number: two of the same values might be taken for one that is tied.
void number(std::vector<std::byte>& values, std::size_t i) {
  auto const mark = static_cast<std::uint32_t>(i + 1);
  std::memcpy(values.data(), &mark, std::min(sizeof mark, values.size()));
}

// Makes room in `out.values` for each tensor; the tensors have the names and shapes of the files.
std::vector<tensor_view> make_tensors(std::vector<packed_tensor> const& packed, std::size_t weights, unpacked& out,
                                      std::string const& where) {
  std::vector<tensor_view> tensors;
  std::set<std::string> seen;
  for (packed_tensor const& t : packed) {
    if (!seen.insert(t.name).second) continue;  // a further part of a fused tensor
    auto const& shape = t.stored_shape.empty() ? t.shape : t.stored_shape;
    dtype const type = type_given_back(t, where);
    if (dtype const kept = type_from(t.type, where); quantisation_group(kept) > 0) {
      out.several_types = out.several_types || (out.rounded_to && *out.rounded_to != kept);
      out.rounded_to = kept;
    }
    number(out.values.emplace_back(bytes_of_shape(shape, type, weights, where)), out.values.size());
    tensors.push_back({t.stored_name.empty() ? t.name : t.stored_name, type, shape, out.values.back()});
  }
  return tensors;
}

// Puts changed copies behind all that there is.
void vary(std::vector<config>& all, std::initializer_list<config (*)(config)> changes) {
  std::size_t const before = all.size();
  for (auto const change : changes)
    for (std::size_t i = 0; i < before; ++i) all.push_back(change(all[i]));
}

template <dtype Type>
config keeping(config c) {
  c.kv_dtype = Type;
  return c;
}

// The config that these are the weights of. config.json says neither what the program keeps keys and values in, nor
// what `as_transformers` changed: that is tried.
std::optional<config> config_with_fingerprint(config const& described, std::uint64_t fingerprint) {
  std::vector<config> all{described};
  // One of these at most: they are changes of different families.
  vary(all, {[](config c) { return with(c, [](config& d) { d.rope.style = rope_style::interleaved; }); },
             [](config c) { return with(c, [](config& d) { d.norm_adds_one = false; }); },
             [](config c) { return with_biases(c, false); }});
  vary(all, {keeping<dtype::bf16>, keeping<dtype::i8>});
  auto const found = std::ranges::find_if(all, [&](config const& c) { return fingerprint_of(c) == fingerprint; });
  return found == all.end() ? std::nullopt : std::optional(*found);
}

// config.json does not say what the matrices were packed in; the file's list of tensors does.
void set_packed_types(checkpoint& source, std::vector<packed_tensor> const& packed, std::string const& where) {
  std::map<std::string, dtype> types;
  for (packed_tensor const& t : packed)
    types.emplace(t.stored_name.empty() ? t.name : t.stored_name, type_from(t.type, where));
  set_types(source, source.model, [&](tensor_view const& t) {
    auto const at = types.find(t.name);
    return at == types.end() ? dtype::f32 : at->second;
  });
}

// Without a config.json there is nothing to export; the file says why, unless it is an older one.
[[noreturn]] void refuse(packed_metadata const& facts, std::string const& where) {
  throw error(
      where + ": was built from a " + facts.source + ", and " +
      (facts.config_refusal.empty() ? "its model has no config.json that says the same" : facts.config_refusal));
}

}  // namespace

unpacked unpack(packed_file const& file, std::string const& where) {
  packed_metadata const facts = file.metadata();
  if (facts.config_json.empty()) refuse(facts, where);
  auto const weights = file.section(packed_section::weights);
  auto const packed = file.tensors();
  unpacked out;
  auto tensors = make_tensors(packed, weights.size(), out, where);
  out.source = describe_checkpoint(facts.config_json, where, std::move(tensors));
  set_packed_types(out.source, packed, where);
  auto const model = config_with_fingerprint(out.source.model, file.fingerprint());
  if (!model) throw error(where + ": its config.json is of another model than its weights");
  file.require(file.fingerprint(), packed_layout_of(*model).bytes);
  // Rows of query and key go where Hugging Face has them, wherever they came from; norms and biases are those of the
  // file.
  rope_style const style = out.source.model.rope.style;
  out.source.model = *model;
  out.source.model.rope.style = style;
  out.source.model.kv_dtype = dtype::f32;
  std::map<std::byte const*, std::span<std::byte>> places;
  for (auto& bytes : out.values) places.emplace(bytes.data(), bytes);
  unpack_weights(out.source, out.source.model, weights,
                 [&](tensor_view const& t) { return places.at(t.bytes.data()); });
  std::set<std::string> seen;
  std::size_t next = 0;
  for (packed_tensor const& t : packed) {
    if (!seen.insert(t.name).second) continue;
    if (!t.stored_bytes.empty()) put_stored_bytes(t.stored_bytes, out.values[next], where);
    ++next;
  }
  return out;
}

}  // namespace constformer::command
