#include "nanochat_names.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <system_error>

namespace constformer {

namespace {

struct name_pair {
  std::string_view theirs, ours;
};

constexpr std::array whole_names{
    name_pair{"transformer.wte.weight", "model.embed_tokens.weight"},
    name_pair{"resid_lambdas", "model.resid_lambdas"},
    name_pair{"x0_lambdas", "model.x0_lambdas"},
    name_pair{"smear_gate.weight", "model.smear_gate.weight"},
    name_pair{"smear_lambda", "model.smear_lambda"},
    name_pair{"backout_lambda", "model.backout_lambda"},
};

constexpr std::string_view block = "transformer.h.", our_block = "model.layers.";
constexpr std::array layer_names{
    name_pair{"attn.c_q.weight", "self_attn.q_proj.weight"}, name_pair{"attn.c_k.weight", "self_attn.k_proj.weight"},
    name_pair{"attn.c_v.weight", "self_attn.v_proj.weight"}, name_pair{"attn.c_proj.weight", "self_attn.o_proj.weight"},
    name_pair{"mlp.c_fc.weight", "mlp.fc1.weight"},          name_pair{"mlp.c_proj.weight", "mlp.fc2.weight"},
};

// Value embeddings and gates are numbered by layer there, here among the layers that have them: every other one, the
// last included.
constexpr std::string_view tables = "value_embeds.", our_tables = "model.value_embeds.";
constexpr std::string_view gate = "attn.ve_gate.weight", our_gates = "model.ve_gates.";

bool has_values(int layer, int layers) { return layer % 2 == (layers - 1) % 2; }
int value_number(int layer) { return layer / 2; }
int value_layer(int number, int layers) { return 2 * number + (layers - 1) % 2; }

struct indexed_name {
  int index;
  std::string_view rest;
};

// "transformer.h.12.attn.c_q.weight" after "transformer.h." as 12 and "attn.c_q.weight".
std::optional<indexed_name> split_index(std::string_view name, std::string_view before) {
  if (!name.starts_with(before)) return std::nullopt;
  name.remove_prefix(before.size());
  int index = 0;
  auto const [end, problem] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (problem != std::errc() || end == name.data() + name.size() || *end != '.' || index < 0) return std::nullopt;
  return indexed_name{index, name.substr(static_cast<std::size_t>(end - name.data()) + 1)};
}

std::string joined(std::string_view before, int index, std::string_view rest) {
  return std::string(before) + std::to_string(index) + "." + std::string(rest);
}

}  // namespace

std::string name_from_nanochat(std::string_view name, int layers) {
  for (name_pair const& whole : whole_names)
    if (name == whole.theirs) return std::string(whole.ours);
  if (auto const value = split_index(name, tables);
      value && value->rest == "weight" && has_values(value->index, layers))
    return joined(our_tables, value_number(value->index), value->rest);
  auto const part = split_index(name, block);
  if (!part) return std::string(name);
  if (part->rest == gate && has_values(part->index, layers))
    return joined(our_gates, value_number(part->index), "weight");
  for (name_pair const& known : layer_names)
    if (part->rest == known.theirs) return joined(our_block, part->index, known.ours);
  return std::string(name);
}

std::string name_in_nanochat(std::string_view name, int layers) {
  for (name_pair const& whole : whole_names)
    if (name == whole.ours) return std::string(whole.theirs);
  if (auto const value = split_index(name, our_tables))
    return joined(tables, value_layer(value->index, layers), value->rest);
  if (auto const value = split_index(name, our_gates)) return joined(block, value_layer(value->index, layers), gate);
  if (auto const part = split_index(name, our_block))
    for (name_pair const& known : layer_names)
      if (part->rest == known.ours) return joined(block, part->index, known.theirs);
  return std::string(name);
}

}  // namespace constformer
