#include <string>
#include <string_view>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "config_fields.hpp"
#include "encoder_decoder_configs.hpp"
#include "json.hpp"

namespace constformer {

namespace {

// "relu", "gated-gelu", "gated-silu": a gate, and a function. gated-gelu is the tanh form, as the first releases had
// it.
void read_feed_forward(json_fields const& fields, std::string const& projection, config& c) {
  std::string_view function = projection;
  c.gated = function.starts_with("gated-");
  if (c.gated) function.remove_prefix(6);
  auto const kind = activation_from_hugging_face(projection == "gated-gelu" ? "gelu_new" : function);
  if (!kind) fields.misfit("feed_forward_proj", "a function that is known, or gated- and one, is expected");
  c.activation = *kind;
  // transformers writes what it made of the field, and what it wrote counts when it is read again.
  if (fields.has("dense_act_fn")) c.activation = activation_of(fields, "dense_act_fn", "");
  c.gated = fields.flag("is_gated_act", c.gated);
}

config read_any_t5(json_fields const& fields, std::string_view usual_projection) {
  if (!fields.flag("is_encoder_decoder", true)) fields.misfit("is_encoder_decoder", "only true is supported");
  std::string const projection = fields.text("feed_forward_proj", usual_projection);
  bool const gated = fields.flag("is_gated_act", projection.starts_with("gated-"));
  int const encoder_layers = extent_of(fields, "num_layers", "num_hidden_layers");
  config c = (gated ? t5_v1_1 : t5)({.layers = fields.extent("num_decoder_layers", encoder_layers),
                                     .d_model = extent_of(fields, "d_model", "hidden_size"),
                                     .heads = extent_of(fields, "num_heads", "num_attention_heads"),
                                     .head_dim = extent_of(fields, "d_kv", "head_dim"),
                                     .d_ff = fields.extent("d_ff"),
                                     .vocab = fields.extent("vocab_size"),
                                     .positions = t5_positions});
  read_feed_forward(fields, projection, c);
  c.encoder.layers = encoder_layers;
  c.norm_eps = fields.real("layer_norm_epsilon", 1e-6F, 0.0F);
  c.relative = {.buckets = fields.extent("relative_attention_num_buckets", 32),
                .max_distance = fields.extent("relative_attention_max_distance", 128)};
  return c;
}

}  // namespace

config read_t5(json_fields const& fields) {
  config c = read_any_t5(fields, "relu");
  c.tied = fields.flag("tie_word_embeddings", true);
  // The original scales where it ties, whatever the head's weights then turn out to be. Transformers 5 writes that it
  // ties in any case, and beside it whether it scales.
  bool const scales = fields.flag("scale_decoder_outputs", c.tied);
  c.logit_scale = scales ? detail::inverse_root(c.d_model) : 1.0F;
  return c;
}

// Files say that embedding and head are not tied, and transformers 5 ties them nevertheless; tensors that differ are
// two.
config read_mt5(json_fields const& fields) {
  config c = read_any_t5(fields, "gated-gelu");
  c.tied = true;
  c.logit_scale = 1.0F;
  return c;
}

}  // namespace constformer
