#include "hyperparameters.hpp"

#include <charconv>
#include <string>

#include "constformer/config/encoder.hpp"

namespace constformer::program {

namespace {

using nlohmann::ordered_json;

// 1e-5F is written 1e-05 and not 9.999999747378752e-06: the shortest digits that give the float, as a double.
double shortest(float value) {
  char digits[32];
  char* const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  double out = 0;
  std::from_chars(digits, end, out);
  return out;
}

// The factors of the pairs that rotate; none without tables.
ordered_json describe(factor_table const& table, rope_config const& r) {
  ordered_json out = ordered_json::array();
  if (r.scaling != rope_scaling_kind::longrope) return out;
  for (int j = 0; j < r.rotary_dims / 2; ++j) out.push_back(shortest(table.values[j]));
  return out;
}

ordered_json describe(rope_config const& r) {
  return {{"style", name_of(r.style)},
          {"theta", shortest(r.theta)},
          {"rotary_dims", r.rotary_dims},
          {"planes", r.planes},
          {"f16_frequencies", r.f16_frequencies},
          {"scaling", name_of(r.scaling)},
          {"factor", shortest(r.factor)},
          {"original_positions", r.original_positions},
          {"low_freq_factor", shortest(r.low_freq_factor)},
          {"high_freq_factor", shortest(r.high_freq_factor)},
          {"beta_fast", shortest(r.beta_fast)},
          {"beta_slow", shortest(r.beta_slow)},
          {"truncate", r.truncate},
          {"short_factors", describe(r.short_factors, r)},
          {"long_factors", describe(r.long_factors, r)},
          {"backwards", r.backwards},
          {"attention_factor", shortest(r.attention_factor)}};
}

ordered_json describe(encoder_config const& e) {
  return {{"layers", e.layers}, {"heads", e.heads}, {"head_dim", e.head_dim}, {"d_ff", e.d_ff}, {"vocab", e.vocab}};
}

// The indices of the layers below `layers`.
ordered_json describe(layer_set const& set, int layers) {
  ordered_json out = ordered_json::array();
  for (int layer = 0; layer < layers; ++layer)
    if (set.contains(layer)) out.push_back(layer);
  return out;
}

// Matrices whose types are others than that of most.
ordered_json describe(weight_types const& types, int layers, int encoder_layers) {
  ordered_json out = ordered_json::array();
  for (int i = 0; i < types.count; ++i) {
    weight_type const& one = types.list[i];
    ordered_json entry = {{"kind", name_of(one.kind)}, {"type", name_of(one.type)}};
    entry["layers"] = describe(one.layers, one.encoder ? encoder_layers : layers);
    if (one.encoder) entry["encoder"] = true;
    out.push_back(entry);
  }
  return out;
}

}  // namespace

ordered_json hyperparameters(config const& c) {
  ordered_json out = {{"layers", c.layers},
                      {"d_model", c.d_model},
                      {"heads", c.heads},
                      {"kv_heads", c.kv_heads},
                      {"head_dim", c.head_dim},
                      {"d_ff", c.d_ff},
                      {"vocab", c.vocab},
                      {"positions", c.positions},
                      {"first_position", c.first_position},
                      {"segments", c.segments},
                      {"capacity", c.capacity},
                      {"norm", name_of(c.norm)},
                      {"place", name_of(c.place)},
                      {"norm_eps", shortest(c.norm_eps)},
                      {"norm_bias", c.norm_bias},
                      {"embedding_norm", c.embedding_norm},
                      {"residual_scale", shortest(c.residual_scale)},
                      {"norm_weight", c.norm_weight},
                      {"norm_adds_one", c.norm_adds_one},
                      {"parallel", c.parallel},
                      {"smear_inputs", c.smear_inputs},
                      {"residual_gains", c.residual_gains},
                      {"backout", c.backout},
                      {"activation", name_of(c.activation)},
                      {"gated", c.gated},
                      {"position", name_of(c.position)}};
  if (c.position == position_kind::rotary) out["rope"] = describe(c.rope);
  if (c.position == position_kind::relative)
    out["relative"] = {{"buckets", c.relative.buckets}, {"max_distance", c.relative.max_distance}};
  out.update({{"embedding_scale", shortest(c.embedding_scale)},
              {"zero_start", c.zero_start},
              {"mask", name_of(c.mask)},
              {"prefix", {{"end", c.prefix.end}, {"blank", c.prefix.blank}, {"other_blank", c.prefix.other_blank}}},
              {"window", c.window},
              {"unwindowed", describe(c.unwindowed, c.layers)},
              {"scale_scores", c.scale_scores},
              {"scale_scores_by_layer", c.scale_scores_by_layer},
              {"score_gain", shortest(c.score_gain)},
              {"score_softcap", shortest(c.score_softcap)},
              {"qk_norm", c.qk_norm},
              {"qk_norm_last", c.qk_norm_last},
              {"value_layers", describe(c.value_layers, c.layers)},
              {"value_gate_inputs", c.value_gate_inputs},
              {"value_gate_limit", shortest(c.value_gate_limit)},
              {"bias_qkv", c.bias_qkv},
              {"bias_attention_output", c.bias_attention_output},
              {"bias_ffn", c.bias_ffn},
              {"bias_head", c.bias_head},
              {"head", name_of(c.head)},
              {"tied", c.tied},
              {"logit_scale", shortest(c.logit_scale)},
              {"logit_softcap", shortest(c.logit_softcap)},
              {"pooler", c.pooler},
              {"pooler_activation", name_of(c.pooler_activation)},
              {"classifier", name_of(c.classifier)},
              {"labels", c.labels},
              {"weights", name_of(c.weights)},
              {"group", c.group},
              {"types", describe(c.types, c.layers, c.encoder.layers)},
              {"inputs", name_of(c.inputs)},
              {"kv_dtype", name_of(c.kv_dtype)}});
  if (has_encoder(c)) out["encoder"] = describe(c.encoder);
  return out;
}

ordered_json traced_hyperparameters(config const& c) {
  return {{"layers", c.layers},       {"d_model", c.d_model},         {"vocab", c.vocab},
          {"positions", c.positions}, {"capacity", c.capacity},       {"mask", name_of(c.mask)},
          {"head", name_of(c.head)},  {"weights", name_of(c.weights)}};
}

}  // namespace constformer::program
