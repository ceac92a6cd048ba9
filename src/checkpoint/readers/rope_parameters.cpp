#include "rope_parameters.hpp"

#include <cmath>
#include <string>
#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/error.hpp"
#include "json.hpp"

// Formulas and defaults are those of transformers' modeling_rope_utils.py (5.23).

namespace constformer {

namespace {

constexpr float default_theta = 10000.0F;

// rope_scaling is looked at first, as transformers does; an empty object counts as absent.
std::string_view parameters_of(json_fields const& fields) {
  for (std::string_view const name : {"rope_scaling", "rope_parameters"})
    if (!fields.is_empty(name)) return name;
  return {};
}

rope_scaling_kind kind_of(json_fields const& rope) {
  std::string const type = rope.text("rope_type", rope.text("type", "default"));
  if (type == "default") return rope_scaling_kind::none;
  if (auto const kind = kind_from<rope_scaling_kind>(type); kind && *kind != rope_scaling_kind::none) return *kind;
  rope.misfit(rope.has("rope_type") ? "rope_type" : "type", "supported are default, linear, dynamic, llama3 and yarn");
}

void require_one_rotation(json_fields const& fields, json_fields const& rope) {
  for (std::string const& nested : rope.objects())
    rope.misfit(nested, "one rotary embedding for all layers is supported");
  // Llama, Mistral and Qwen2 in transformers rotate whole heads whatever this says, or fail.
  for (json_fields const* place : {&fields, &rope})
    if (place->real("partial_rotary_factor", 1.0F, 0.0F) != 1.0F)
      place->misfit("partial_rotary_factor", "only 1 is supported");
}

// Transformers gives the field beside rope_parameters priority over the one inside.
int original_positions(json_fields const& fields, json_fields const& rope, int positions) {
  constexpr std::string_view field = "original_max_position_embeddings";
  if (fields.has(field)) return fields.extent(field);
  return rope.extent(field, positions);
}

void read_llama3(rope_config& out, json_fields const& rope) {
  out.low_freq_factor = rope.real("low_freq_factor", 0.0F);
  out.high_freq_factor = rope.real("high_freq_factor", 0.0F);
}

double yarn_scale(double factor, double mscale) { return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0; }

// YaRN (arXiv:2309.00071) scales the scores' temperature through cos and sin; the two mscale fields are DeepSeek's.
double yarn_attention_factor(json_fields const& rope, double factor) {
  if (rope.has("attention_factor")) return static_cast<double>(rope.real("attention_factor", 0.0F));
  auto const mscale = static_cast<double>(rope.real("mscale", 0.0F, -INFINITY));
  auto const all_dim = static_cast<double>(rope.real("mscale_all_dim", 0.0F, -INFINITY));
  if (mscale != 0 && all_dim != 0) return yarn_scale(factor, mscale) / yarn_scale(factor, all_dim);
  return yarn_scale(factor, 1);
}

void read_yarn(rope_config& out, json_fields const& rope) {
  // 0 counts as absent here, as in transformers.
  float const fast = rope.real("beta_fast", 0.0F, -INFINITY);
  float const slow = rope.real("beta_slow", 0.0F, -INFINITY);
  if (fast != 0) out.beta_fast = fast;
  if (slow != 0) out.beta_slow = slow;
  out.truncate = rope.flag("truncate", true);
  out.attention_factor = static_cast<float>(yarn_attention_factor(rope, static_cast<double>(out.factor)));
}

float factor_of(json_fields const& rope, rope_config const& out, int positions) {
  bool const from_lengths = out.scaling == rope_scaling_kind::yarn && rope.names("factor") && !rope.has("factor");
  if (from_lengths) return static_cast<float>(positions) / static_cast<float>(out.original_positions);
  float const factor = rope.real("factor", 0.0F);
  if (factor < 1) rope.misfit("factor", "it must be at least 1");
  return factor;
}

}  // namespace

rope_config read_rope(json_fields const& fields, int head_dim, int positions) {
  rope_config out;
  out.rotary_dims = head_dim;
  out.theta = fields.real("rope_theta", default_theta, 1.0F);
  std::string_view const name = parameters_of(fields);
  if (name.empty()) {
    if (fields.real("partial_rotary_factor", 1.0F, 0.0F) != 1.0F)
      fields.misfit("partial_rotary_factor", "only 1 is supported");
    return out;
  }
  json_fields const rope = fields.object(name);
  require_one_rotation(fields, rope);
  out.theta = rope.real("rope_theta", out.theta, 1.0F);
  out.scaling = kind_of(rope);
  if (out.scaling == rope_scaling_kind::none) return out;
  // Dynamic scaling begins where the model's own positions end; linear needs no trained length at all.
  if (out.scaling == rope_scaling_kind::dynamic) {
    out.original_positions = positions;
    if (head_dim <= 2)
      rope.misfit(rope.has("rope_type") ? "rope_type" : "type", "its exponent d/(d-2) needs a head_dim above 2");
  }
  if (out.scaling == rope_scaling_kind::llama3 || out.scaling == rope_scaling_kind::yarn)
    out.original_positions = original_positions(fields, rope, positions);
  out.factor = factor_of(rope, out, positions);
  if (out.scaling == rope_scaling_kind::llama3) read_llama3(out, rope);
  if (out.scaling == rope_scaling_kind::yarn) read_yarn(out, rope);
  return out;
}

}  // namespace constformer
