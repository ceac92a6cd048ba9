#include <string>

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/core/error.hpp"
#include "config_fields.hpp"
#include "encoder_decoder_configs.hpp"
#include "json.hpp"

namespace constformer {

namespace {

int head_dim_of(json_fields const& fields, char const* field, int d_model, int heads) {
  if (d_model % heads != 0)
    throw error(fields.where() + ": field \"d_model\" is " + std::to_string(d_model) +
                ", which is not a multiple of \"" + field + "\" " + std::to_string(heads));
  return d_model / heads;
}

// The decoder's own embedding, if the sides do not share theirs, has as many rows as targets have ids.
void read_embeddings(json_fields const& fields, config& c) {
  int const targets = fields.extent("decoder_vocab_size", c.vocab);
  if (!fields.flag("share_encoder_decoder_embeddings", true)) {
    c.encoder.vocab = c.vocab;
    c.vocab = targets;
  } else if (targets != c.vocab) {
    fields.misfit("decoder_vocab_size",
                  "an embedding that is shared has vocab_size " + std::to_string(c.vocab) + " rows");
  }
}

}  // namespace

config read_marian(json_fields const& fields) {
  if (!fields.flag("is_encoder_decoder", true)) fields.misfit("is_encoder_decoder", "only true is supported");
  int const heads = fields.extent("decoder_attention_heads");
  config c = marian({.layers = fields.extent("decoder_layers"),
                     .d_model = extent_of(fields, "d_model", "hidden_size"),
                     .heads = heads,
                     .d_ff = fields.extent("decoder_ffn_dim"),
                     .vocab = fields.extent("vocab_size"),
                     .positions = fields.extent("max_position_embeddings", 1024)});
  c.head_dim = head_dim_of(fields, "decoder_attention_heads", c.d_model, heads);
  c.encoder.layers = extent_of(fields, "encoder_layers", "num_hidden_layers");
  c.encoder.heads = extent_of(fields, "encoder_attention_heads", "num_attention_heads");
  c.encoder.head_dim = head_dim_of(fields, "encoder_attention_heads", c.d_model, c.encoder.heads);
  c.encoder.d_ff = fields.extent("encoder_ffn_dim");
  read_embeddings(fields, c);
  c.activation = activation_of(fields, "activation_function", "gelu");
  if (!fields.flag("scale_embedding", false)) c.embedding_scale = 1.0F;
  c.tied = fields.flag("tie_word_embeddings", true);
  return c;
}

}  // namespace constformer
