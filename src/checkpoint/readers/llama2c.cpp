#include "constformer/checkpoint/llama2c.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

constexpr std::uint32_t magic = 0x616B3432;  // "24ka" in the file, "ak42" as export.py says
constexpr std::size_t v0_header = 7 * 4;
constexpr std::size_t v1_header = 256;              // of v2 too
constexpr std::size_t group_place = 8 + 4 * 7 + 1;  // after a single byte, so not aligned

struct header {
  checkpoint_format format;
  std::size_t bytes;
  int dim, hidden, layers, heads, kv_heads, vocab, positions;
  bool tied;
  int group = 0;  // v2: values that share a scale
};

// A sum of products of three sizes below 2^24 each.
__extension__ typedef __int128 wide;

std::int32_t int_at(std::span<std::byte const> file, std::size_t offset) {
  std::int32_t value = 0;
  std::memcpy(&value, file.data() + offset, 4);
  return value;
}

[[noreturn]] void refuse(std::string_view where, std::string const& what) {
  throw error(std::string(where) + ": " + what);
}

void require_extent(std::string_view where, char const* field, std::int32_t value) {
  if (value < 1 || value > detail::largest_extent)
    refuse(where, std::string("llama2.c header has ") + field + "=" + std::to_string(value) +
                      ", it must be between 1 and " + std::to_string(detail::largest_extent));
}

// Other formats that end in .bin, or that people try, are named rather than read as seven odd integers.
void refuse_known_strangers(std::span<std::byte const> file, std::string_view where) {
  std::string_view const start(reinterpret_cast<char const*>(file.data()), std::min<std::size_t>(file.size(), 16));
  if (start.starts_with("PK\x03\x04"))
    refuse(where, "is a zip (PyTorch) file, constformer reads Hugging Face folders and llama2.c .bin files");
  if (start.size() > 8 && start[8] == '{')
    refuse(where, "is a safetensors file, name the folder that holds it and its config.json");
}

// Every matrix has dim as an extent, so whole groups in dim are whole groups in each. hidden_dim need not hold whole
// groups: they are counted over all values of a tensor (stories260K has 172 and groups of 8).
int group_size(std::span<std::byte const> file, std::string_view where, int dim) {
  std::int32_t const group = int_at(file, group_place);
  require_extent(where, "group_size", group);
  if (dim % group != 0)
    refuse(where, "llama2.c header has dim=" + std::to_string(dim) +
                      ", which is not a multiple of group_size=" + std::to_string(group));
  return group;
}

header read_header(std::span<std::byte const> file, std::string_view where) {
  refuse_known_strangers(file, where);
  if (file.size() < v0_header)
    refuse(where, "has " + std::to_string(file.size()) + " bytes, the header of a llama2.c checkpoint has " +
                      std::to_string(v0_header));
  bool const versioned = static_cast<std::uint32_t>(int_at(file, 0)) == magic;
  if (versioned && file.size() < v1_header)
    refuse(where, "has " + std::to_string(file.size()) + " bytes, the header of a llama2.c v1 checkpoint has " +
                      std::to_string(v1_header));
  bool const grouped = versioned && int_at(file, 4) == 2;
  if (versioned && !grouped && int_at(file, 4) != 1)
    refuse(where,
           "is a llama2.c checkpoint of version " + std::to_string(int_at(file, 4)) + ", versions 0, 1 and 2 are read");
  std::size_t const first = versioned ? 8 : 0;
  std::array<std::int32_t, 7> sizes{};
  for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = int_at(file, first + 4 * i);
  auto [dim, hidden, layers, heads, kv_heads, vocab, positions] = sizes;
  bool tied = vocab > 0;
  if (versioned) {
    auto const shared = std::to_integer<int>(file[8 + 4 * sizes.size()]);
    if (shared > 1)
      refuse(where, "llama2.c header has shared_classifier=" + std::to_string(shared) + ", it must be 0 or 1");
    tied = shared == 1;
  } else if (vocab < 0 && vocab >= -detail::largest_extent) {
    vocab = -vocab;
  }
  require_extent(where, "dim", dim);
  require_extent(where, "hidden_dim", hidden);
  require_extent(where, "n_layers", layers);
  require_extent(where, "n_heads", heads);
  require_extent(where, "n_kv_heads", kv_heads);
  require_extent(where, "vocab_size", vocab);
  require_extent(where, "max_seq_len", positions);
  if (dim % heads != 0)
    refuse(where, "llama2.c header has dim=" + std::to_string(dim) +
                      ", which is not a multiple of n_heads=" + std::to_string(heads));
  auto const format = grouped     ? checkpoint_format::llama2c_v2
                      : versioned ? checkpoint_format::llama2c_v1
                                  : checkpoint_format::llama2c_v0;
  int const group = grouped ? group_size(file, where, dim) : 0;
  return {format, versioned ? v1_header : v0_header, dim, hidden, layers, heads, kv_heads, vocab, positions, tied,
          group};
}

config config_of(header const& h) {
  config c = llama({.layers = h.layers,
                    .d_model = h.dim,
                    .heads = h.heads,
                    .kv_heads = h.kv_heads,
                    .d_ff = h.hidden,
                    .vocab = h.vocab,
                    .positions = h.positions});
  c.rope.style = rope_style::interleaved;
  c.rope.theta = 10000.0F;
  c.norm_eps = 1e-5F;
  c.tied = h.tied;
  return c;
}

// One kind of tensor, stored for all layers in a row: export.py writes kind by kind, not layer by layer.
struct part {
  std::string_view name;  // after "model.layers.i." if per layer
  bool per_layer;
  std::int64_t rows;
  std::int64_t columns;  // 0: a vector of `rows`
};

std::vector<part> parts_of(header const& h) {
  std::int64_t const dim = h.dim, hidden = h.hidden, vocab = h.vocab, head = h.dim / h.heads, kv = head * h.kv_heads;
  std::int64_t const half = head / 2;
  part const embedding{"model.embed_tokens.weight", false, vocab, dim};
  part const attention_norm{"input_layernorm.weight", true, dim, 0};
  part const ffn_norm{"post_attention_layernorm.weight", true, dim, 0};
  part const norm{"model.norm.weight", false, dim, 0};
  part const q{"self_attn.q_proj.weight", true, dim, dim}, k{"self_attn.k_proj.weight", true, kv, dim};
  part const v{"self_attn.v_proj.weight", true, kv, dim}, o{"self_attn.o_proj.weight", true, dim, dim};
  part const w1{"mlp.gate_proj.weight", true, hidden, dim}, w2{"mlp.down_proj.weight", true, dim, hidden};
  part const w3{"mlp.up_proj.weight", true, hidden, dim};
  part const table{"", false, h.positions, half};  // cos, then sin; run.c computes its own
  std::vector<part> parts;
  if (h.format == checkpoint_format::llama2c_v0)
    parts = {embedding, attention_norm, q, k, v, o, ffn_norm, w1, w2, w3, norm, table, table};
  else
    parts = {attention_norm, ffn_norm, norm, embedding, q, k, v, o, w1, w2, w3};
  if (!h.tied) parts.push_back({"lm_head.weight", false, vocab, dim});
  return parts;
}

wide values_of_part(part const& p) { return wide{p.rows} * (p.columns > 0 || p.name.empty() ? p.columns : 1); }

bool is_grouped(header const& h, part const& p) { return h.group > 0 && p.columns > 0; }

// Of one layer's tensor; grouped: an int8 per value, then a float32 per group.
wide bytes_of_part(header const& h, part const& p) {
  wide const values = values_of_part(p);
  return is_grouped(h, p) ? values + values / h.group * 4 : values * 4;
}

std::string decimal(wide value) {
  std::string digits;
  do digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  while ((value /= 10) > 0);
  return digits;
}

void require_exact_size(std::span<std::byte const> file, header const& h, std::vector<part> const& parts,
                        std::string_view where) {
  wide expected = static_cast<wide>(h.bytes);
  for (part const& p : parts) expected += bytes_of_part(h, p) * (p.per_layer ? h.layers : 1);
  if (expected != static_cast<wide>(file.size()))
    refuse(where, "has " + std::to_string(file.size()) + " bytes, its llama2.c header asks for " + decimal(expected));
}

void scale_by_groups(tensor_view& tensor, std::size_t values, int group) {
  tensor.type = dtype::i8;
  tensor.scales = tensor.bytes.subspan(values);
  tensor.bytes = tensor.bytes.first(values);
  tensor.group = group;
}

}  // namespace

llama2c_content read_llama2c(std::span<std::byte const> file, std::string_view where) {
  header const h = read_header(file, where);
  config const model = config_of(h);
  if (message const misfit = first_misfit(model); !misfit.empty()) refuse(where, std::string(misfit.view()));
  std::vector<part> const parts = parts_of(h);
  require_exact_size(file, h, parts, where);

  llama2c_content out{h.format, model, {}};
  std::size_t offset = h.bytes;
  for (part const& p : parts) {
    int const copies = p.per_layer ? h.layers : 1;
    auto const bytes = static_cast<std::size_t>(bytes_of_part(h, p));
    for (int i = 0; i < copies; ++i, offset += bytes) {
      if (p.name.empty()) continue;
      std::string name =
          p.per_layer ? "model.layers." + std::to_string(i) + "." + std::string(p.name) : std::string(p.name);
      std::vector<std::int64_t> shape{p.rows};
      if (p.columns > 0) shape.push_back(p.columns);
      tensor_view tensor{std::move(name), dtype::f32, std::move(shape), file.subspan(offset, bytes)};
      if (is_grouped(h, p)) scale_by_groups(tensor, static_cast<std::size_t>(values_of_part(p)), h.group);
      out.tensors.push_back(std::move(tensor));
    }
  }
  std::sort(out.tensors.begin(), out.tensors.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
  return out;
}

}  // namespace constformer
