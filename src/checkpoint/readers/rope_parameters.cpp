#include "rope_parameters.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
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

rope_scaling_kind kind_of(json_fields const& rope, rope_names const& names) {
  std::string const type = rope.text("rope_type", rope.text("type", "default"));
  if (names.su && (type == "su" || type == "yarn")) return rope_scaling_kind::longrope;
  if (type == "default") return rope_scaling_kind::none;
  if (auto const kind = kind_from<rope_scaling_kind>(type); kind && *kind != rope_scaling_kind::none) return *kind;
  rope.misfit(rope.has("rope_type") ? "rope_type" : "type",
              "supported are default, linear, dynamic, llama3, yarn and longrope");
}

void require_one_rotation(json_fields const& rope) {
  for (std::string const& nested : rope.objects())
    rope.misfit(nested, "one rotary embedding for all layers is supported");
}

// The field inside rope_parameters counts before the one beside it. Llama, Mistral and Qwen2 in transformers rotate
// whole heads whatever it says, or fail.
int rotary_dims(json_fields const& fields, json_fields const* rope, int head_dim, rope_names const& names) {
  bool const inside = rope != nullptr && rope->has("partial_rotary_factor");
  json_fields const& place = inside ? *rope : fields;
  std::string_view const field = inside ? "partial_rotary_factor" : names.fraction;
  if (!place.has(field))
    return names.absent > 0 ? static_cast<int>(static_cast<float>(head_dim) * names.absent) : head_dim;
  int const dims = place.share(field, head_dim);
  if (!(names.absent > 0) && dims != head_dim) place.misfit(field, "only 1 is supported");
  return dims;
}

// Transformers gives the field beside rope_parameters priority over the one inside.
int original_positions(json_fields const& fields, json_fields const& rope, int positions, rope_names const& names) {
  constexpr std::string_view field = "original_max_position_embeddings";
  if (fields.has(field)) return fields.extent(field);
  if (names.original != 0) return names.original;
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

factor_table read_factors(json_fields const& rope, std::string_view field, rope_config const& out) {
  auto const factors = rope.reals(field);
  auto const pairs = static_cast<std::size_t>(out.rotary_dims / 2);
  if (factors.size() != pairs || pairs > factor_table::limit)
    throw error(rope.where() + ": field \"" + std::string(field) + "\" has " + std::to_string(factors.size()) +
                " factors, " + std::to_string(pairs) + " pairs of dims rotate and " +
                std::to_string(factor_table::limit) + " is the limit");
  factor_table table;
  std::copy(factors.begin(), factors.end(), table.values);
  return table;
}

// LongRoPE (arXiv:2402.13753). Without a factor the lengths tell it; it matters to the temperature of scores alone.
void read_longrope(rope_config& out, json_fields const& rope, int positions) {
  out.short_factors = read_factors(rope, "short_factor", out);
  out.long_factors = read_factors(rope, "long_factor", out);
  if (rope.has("attention_factor")) {
    out.attention_factor = rope.real("attention_factor", 0.0F);
    return;
  }
  double const original = out.original_positions;
  double const factor = rope.has("factor") ? static_cast<double>(rope.real("factor", 0.0F)) : positions / original;
  out.attention_factor = longrope_attention_factor(factor, out.original_positions);
}

float factor_of(json_fields const& rope, rope_config const& out, int positions) {
  bool const from_lengths = out.scaling == rope_scaling_kind::yarn && rope.names("factor") && !rope.has("factor");
  if (from_lengths) return static_cast<float>(positions) / static_cast<float>(out.original_positions);
  float const factor = rope.real("factor", 0.0F);
  if (factor < 1) rope.misfit("factor", "it must be at least 1");
  return factor;
}

}  // namespace

float longrope_attention_factor(double factor, int original_positions) {
  if (factor <= 1) return 1.0F;
  return static_cast<float>(std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(original_positions))));
}

rope_config read_rope(json_fields const& fields, int head_dim, int positions, rope_names const& names) {
  rope_config out;
  out.theta = fields.real(names.theta, default_theta, 1.0F);
  std::string_view const name = parameters_of(fields);
  if (name.empty()) {
    out.rotary_dims = rotary_dims(fields, nullptr, head_dim, names);
    return out;
  }
  json_fields const rope = fields.object(name);
  require_one_rotation(rope);
  out.rotary_dims = rotary_dims(fields, &rope, head_dim, names);
  out.theta = rope.real("rope_theta", out.theta, 1.0F);
  out.scaling = kind_of(rope, names);
  if (out.scaling == rope_scaling_kind::none) return out;
  // Dynamic scaling begins where the model's own positions end; linear needs no trained length at all.
  if (out.scaling == rope_scaling_kind::dynamic) {
    out.original_positions = positions;
    if (out.rotary_dims <= 2)
      rope.misfit(rope.has("rope_type") ? "rope_type" : "type", "its exponent d/(d-2) needs a head_dim above 2");
  }
  bool const longrope = out.scaling == rope_scaling_kind::longrope;
  if (out.scaling == rope_scaling_kind::llama3 || out.scaling == rope_scaling_kind::yarn || longrope)
    out.original_positions = original_positions(fields, rope, positions, names);
  if (longrope) {
    read_longrope(out, rope, positions);
    return out;
  }
  out.factor = factor_of(rope, out, positions);
  if (out.scaling == rope_scaling_kind::llama3) read_llama3(out, rope);
  if (out.scaling == rope_scaling_kind::yarn) read_yarn(out, rope);
  return out;
}

}  // namespace constformer
