#include <cmath>
#include <string_view>

#include "config_fields.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"
#include "family_readers.hpp"
#include "json.hpp"

namespace constformer {

namespace {

config read_gemma_like(json_fields const& fields, config (*family)(shape const&), llama_defaults const& defaults) {
  config c = read_llama_like(fields, family, defaults);
  c.bias_qkv = c.bias_attention_output = fields.flag("attention_bias", false);
  refuse_flag(fields, "use_bidirectional_attention");
  return c;
}

// Null switches a cap off; 0 would divide by nothing.
float read_cap(json_fields const& fields, std::string_view field, float otherwise) {
  if (fields.names(field) && !fields.has(field)) return 0.0F;
  return fields.real(field, otherwise, 0.0F);
}

}  // namespace

float query_scalar_gain(int head_dim, int scalar) {
  return static_cast<float>(std::sqrt(static_cast<double>(head_dim) / scalar));
}

config read_gemma(json_fields const& fields) {
  config c = read_gemma_like(
      fields, gemma,
      {.kv_heads = 16, .positions = 8192, .head_dim = 256, .tied = true, .activation = "gelu_pytorch_tanh"});
  // The first files say "gelu" and mean the tanh form: their authors' code has no other.
  if (c.activation == activation_kind::gelu) c.activation = activation_kind::gelu_tanh;
  return c;
}

config read_gemma2(json_fields const& fields) {
  config c = read_gemma_like(fields, [](shape const& s) { return gemma2(s, 0); },
                             {.kv_heads = 4,
                              .positions = 8192,
                              .head_dim = 256,
                              .tied = true,
                              .activation_field = "hidden_activation",
                              .activation = "gelu_pytorch_tanh"});
  c.score_gain = query_scalar_gain(c.head_dim, fields.extent("query_pre_attn_scalar", 256));
  c.score_softcap = read_cap(fields, "attn_logit_softcapping", 50.0F);
  c.logit_softcap = read_cap(fields, "final_logit_softcapping", 30.0F);
  layer_set const sliding = fields.has("layer_types") ? sliding_layers(fields, c.layers) : every(2, 0, c.layers);
  if (fields.names("sliding_window") && !fields.has("sliding_window") && !sliding.empty())
    fields.misfit("sliding_window", "the sliding layers need a positive number");
  set_window(c, fields.extent("sliding_window", 4096), sliding);
  return c;
}

}  // namespace constformer
