#include <algorithm>
#include <cstddef>
#include <string_view>

#include "config_fields.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/error.hpp"
#include "family_readers.hpp"
#include "json.hpp"

namespace constformer {

namespace {

config read_glm_like(json_fields const& fields, config (*family)(shape const&)) {
  config c = read_llama_like(
      fields, family,
      {.kv_heads = 2, .positions = 131072, .head_dim = 128, .norm_eps = 1.5625e-7F, .rope = {.absent = 0.5F}});
  c.bias_qkv = fields.flag("attention_bias", true);
  return c;
}

// What the authors' own code can do and no published ChatGLM2 or 3 does.
void refuse_other_chatglms(json_fields const& fields) {
  for (std::string_view const flag : {"apply_residual_connection_post_layernorm", "add_bias_linear"})
    refuse_flag(fields, flag);
  if (!fields.flag("post_layer_norm", true)) fields.misfit("post_layer_norm", "only true is supported");
  if (!fields.flag("multi_query_attention", false))
    throw error(fields.where() + ": field \"multi_query_attention\" is false or absent, only true is supported");
}

// Older files do not name the tokens of the blank; the size of the vocabulary tells which release they are of.
prefix_config read_prefix(json_fields const& fields, int vocab) {
  int const first = vocab >= 150528 ? 150000 : 130000;
  auto const id = [&](std::string_view field, int otherwise) {
    return static_cast<int>(std::min<std::size_t>(fields.count(field, static_cast<std::size_t>(otherwise)), 1U << 24));
  };
  return {id("bos_token_id", first + 4), id("gmask_token_id", first + 1), id("mask_token_id", first)};
}

// Fields and defaults are those of ChatGLM-6B's configuration_chatglm.py. Scores divided by layer + 1 are multiplied by
// it again.
config read_chatglm_6b(json_fields const& fields) {
  if (!fields.flag("position_encoding_2d", true)) fields.misfit("position_encoding_2d", "only true is supported");
  shape s{.layers = fields.extent("num_layers"),
          .d_model = fields.extent("hidden_size"),
          .heads = fields.extent("num_attention_heads"),
          .d_ff = fields.extent("inner_hidden_size"),
          .vocab = fields.extent("vocab_size"),
          .positions = fields.extent("max_sequence_length", 2048)};
  s.head_dim = quotient(fields, "hidden_size", s.d_model, "num_attention_heads", s.heads);
  config c = chatglm_6b(s, read_prefix(fields, s.vocab));
  c.norm_eps = fields.real("layernorm_epsilon", 1e-5F, 0.0F);
  c.tied = fields.flag("tie_word_embeddings", true);
  return c;
}

void refuse_tuned_chatglms(json_fields const& fields) {
  if (fields.has("pre_seq_len")) fields.misfit("pre_seq_len", "prompt tuning is not supported");
  if (fields.count("quantization_bit", 0) != 0)
    fields.misfit("quantization_bit", "only unquantised checkpoints are supported");
}

}  // namespace

config read_glm(json_fields const& fields) { return read_glm_like(fields, glm); }

config read_glm4(json_fields const& fields) { return read_glm_like(fields, glm4); }

// Fields and defaults are those of configuration_chatglm.py beside the checkpoints. apply_query_key_layer_scaling
// divides scores by what they are multiplied with afterwards.
config read_chatglm(json_fields const& fields) {
  refuse_tuned_chatglms(fields);
  if (fields.has("position_encoding_2d") || fields.has("inner_hidden_size")) return read_chatglm_6b(fields);
  refuse_other_chatglms(fields);
  shape const s{.layers = fields.extent("num_layers"),
                .d_model = fields.extent("hidden_size"),
                .heads = fields.extent("num_attention_heads"),
                .kv_heads = fields.extent("multi_query_group_num", 1),
                .head_dim = fields.extent("kv_channels", 128),
                .d_ff = fields.extent("ffn_hidden_size"),
                .vocab = fields.extent("padded_vocab_size"),
                .positions = fields.extent("seq_length", 2048)};
  config c = chatglm(s);
  c.norm_eps = fields.real("layernorm_epsilon", 1e-5F, 0.0F);
  if (!fields.flag("rmsnorm", true)) {
    c.norm = norm_kind::layer_norm;
    c.norm_bias = true;
  }
  c.bias_qkv = fields.flag("add_qkv_bias", false);
  c.rope.theta = 10000.0F * fields.real("rope_ratio", 1.0F, 0.0F);
  c.tied = fields.flag("tie_word_embeddings", false);
  return c;
}

}  // namespace constformer
