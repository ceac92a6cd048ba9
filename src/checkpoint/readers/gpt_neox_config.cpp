#include <string>

#include "config_fields.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "family_readers.hpp"
#include "json.hpp"
#include "rope_parameters.hpp"

namespace constformer {

config read_gpt_neox(json_fields const& fields) {
  shape s{.layers = fields.extent("num_hidden_layers"),
          .d_model = fields.extent("hidden_size"),
          .heads = fields.extent("num_attention_heads"),
          .d_ff = fields.extent("intermediate_size"),
          .vocab = fields.extent("vocab_size"),
          .positions = fields.extent("max_position_embeddings", 2048)};
  s.head_dim = quotient(fields, "hidden_size", s.d_model, "num_attention_heads", s.heads);
  // Transformers 5 rotates by it and shapes nothing by it.
  if (fields.has("head_dim") && fields.extent("head_dim") != s.head_dim)
    fields.misfit("head_dim", "hidden_size / num_attention_heads is " + std::to_string(s.head_dim));
  config c = gpt_neox(s);
  c.activation = activation_of(fields, "hidden_act", "gelu");
  c.norm_eps = fields.real("layer_norm_eps", 1e-5F, 0.0F);
  c.parallel = fields.flag("use_parallel_residual", true);
  c.bias_qkv = c.bias_attention_output = fields.flag("attention_bias", true);
  c.rope = read_rope(fields, s.head_dim, s.positions,
                     {.theta = "rotary_emb_base", .fraction = "rotary_pct", .absent = 0.25F});
  c.tied = fields.flag("tie_word_embeddings", false);
  return c;
}

}  // namespace constformer
