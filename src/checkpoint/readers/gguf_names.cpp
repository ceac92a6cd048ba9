#include "gguf_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace {

constexpr std::array llama_list{
    gguf_name{"token_embd", "model.embed_tokens"},
    gguf_name{"blk.*.attn_norm", "model.layers.*.input_layernorm"},
    gguf_name{"blk.*.attn_q", "model.layers.*.self_attn.q_proj"},
    gguf_name{"blk.*.attn_k", "model.layers.*.self_attn.k_proj"},
    gguf_name{"blk.*.attn_v", "model.layers.*.self_attn.v_proj"},
    gguf_name{"blk.*.attn_output", "model.layers.*.self_attn.o_proj"},
    gguf_name{"blk.*.ffn_norm", "model.layers.*.post_attention_layernorm"},
    gguf_name{"blk.*.ffn_gate", "model.layers.*.mlp.gate_proj"},
    gguf_name{"blk.*.ffn_up", "model.layers.*.mlp.up_proj"},
    gguf_name{"blk.*.ffn_down", "model.layers.*.mlp.down_proj"},
    gguf_name{"output_norm", "model.norm"},
    gguf_name{"output", "lm_head"},
};

// Qwen3's norms of queries and keys.
constexpr std::array qwen3_list = [] {
  std::array<gguf_name, llama_list.size() + 2> out{};
  std::copy(llama_list.begin(), llama_list.end(), out.begin());
  out[llama_list.size()] = {"blk.*.attn_q_norm", "model.layers.*.self_attn.q_norm"};
  out[llama_list.size() + 1] = {"blk.*.attn_k_norm", "model.layers.*.self_attn.k_norm"};
  return out;
}();

// Phi-3 has query, key and value in one tensor, and gate and up in another.
constexpr std::array phi3_list{
    gguf_name{"token_embd", "model.embed_tokens"},
    gguf_name{"blk.*.attn_norm", "model.layers.*.input_layernorm"},
    gguf_name{"blk.*.attn_qkv", "model.layers.*.self_attn.qkv_proj"},
    gguf_name{"blk.*.attn_output", "model.layers.*.self_attn.o_proj"},
    gguf_name{"blk.*.ffn_norm", "model.layers.*.post_attention_layernorm"},
    gguf_name{"blk.*.ffn_up", "model.layers.*.mlp.gate_up_proj"},
    gguf_name{"blk.*.ffn_down", "model.layers.*.mlp.down_proj"},
    gguf_name{"output_norm", "model.norm"},
    gguf_name{"output", "lm_head"},
};

constexpr std::array gpt2_list{
    gguf_name{"token_embd", "transformer.wte"},
    gguf_name{"position_embd", "transformer.wpe"},
    gguf_name{"blk.*.attn_norm", "transformer.h.*.ln_1"},
    gguf_name{"blk.*.attn_qkv", "transformer.h.*.attn.c_attn"},
    gguf_name{"blk.*.attn_output", "transformer.h.*.attn.c_proj"},
    gguf_name{"blk.*.ffn_norm", "transformer.h.*.ln_2"},
    gguf_name{"blk.*.ffn_up", "transformer.h.*.mlp.c_fc"},
    gguf_name{"blk.*.ffn_down", "transformer.h.*.mlp.c_proj"},
    gguf_name{"output_norm", "transformer.ln_f"},
    gguf_name{"output", "lm_head"},
};

constexpr std::array bert_list{
    gguf_name{"token_embd", "bert.embeddings.word_embeddings"},
    gguf_name{"position_embd", "bert.embeddings.position_embeddings"},
    gguf_name{"token_types", "bert.embeddings.token_type_embeddings"},
    gguf_name{"token_embd_norm", "bert.embeddings.LayerNorm"},
    gguf_name{"blk.*.attn_q", "bert.encoder.layer.*.attention.self.query"},
    gguf_name{"blk.*.attn_k", "bert.encoder.layer.*.attention.self.key"},
    gguf_name{"blk.*.attn_v", "bert.encoder.layer.*.attention.self.value"},
    gguf_name{"blk.*.attn_output", "bert.encoder.layer.*.attention.output.dense"},
    gguf_name{"blk.*.attn_output_norm", "bert.encoder.layer.*.attention.output.LayerNorm"},
    gguf_name{"blk.*.ffn_up", "bert.encoder.layer.*.intermediate.dense"},
    gguf_name{"blk.*.ffn_down", "bert.encoder.layer.*.output.dense"},
    gguf_name{"blk.*.layer_output_norm", "bert.encoder.layer.*.output.LayerNorm"},
    gguf_name{"cls", "bert.pooler.dense"},
    gguf_name{"cls.output", "classifier"},
};

// Gemma 2's norms behind attention and behind the feed-forward layer; Hugging Face's post_attention_layernorm is the
// former.
constexpr std::array gemma2_list = [] {
  std::array<gguf_name, llama_list.size() + 2> out{};
  std::copy(llama_list.begin(), llama_list.end(), out.begin());
  for (gguf_name& n : out)
    if (n.gguf == "blk.*.ffn_norm") n.hugging_face = "model.layers.*.pre_feedforward_layernorm";
  out[llama_list.size()] = {"blk.*.post_attention_norm", "model.layers.*.post_attention_layernorm"};
  out[llama_list.size() + 1] = {"blk.*.post_ffw_norm", "model.layers.*.post_feedforward_layernorm"};
  return out;
}();

constexpr std::array t5_gated_list{
    gguf_name{"token_embd", "shared"},
    gguf_name{"enc.blk.*.attn_norm", "encoder.block.*.layer.0.layer_norm"},
    gguf_name{"enc.blk.*.attn_q", "encoder.block.*.layer.0.SelfAttention.q"},
    gguf_name{"enc.blk.*.attn_k", "encoder.block.*.layer.0.SelfAttention.k"},
    gguf_name{"enc.blk.*.attn_v", "encoder.block.*.layer.0.SelfAttention.v"},
    gguf_name{"enc.blk.*.attn_o", "encoder.block.*.layer.0.SelfAttention.o"},
    gguf_name{"enc.blk.*.attn_rel_b", "encoder.block.*.layer.0.SelfAttention.relative_attention_bias"},
    gguf_name{"enc.blk.*.ffn_norm", "encoder.block.*.layer.1.layer_norm"},
    gguf_name{"enc.blk.*.ffn_gate", "encoder.block.*.layer.1.DenseReluDense.wi_0"},
    gguf_name{"enc.blk.*.ffn_up", "encoder.block.*.layer.1.DenseReluDense.wi_1"},
    gguf_name{"enc.blk.*.ffn_down", "encoder.block.*.layer.1.DenseReluDense.wo"},
    gguf_name{"enc.output_norm", "encoder.final_layer_norm"},
    gguf_name{"dec.blk.*.attn_norm", "decoder.block.*.layer.0.layer_norm"},
    gguf_name{"dec.blk.*.attn_q", "decoder.block.*.layer.0.SelfAttention.q"},
    gguf_name{"dec.blk.*.attn_k", "decoder.block.*.layer.0.SelfAttention.k"},
    gguf_name{"dec.blk.*.attn_v", "decoder.block.*.layer.0.SelfAttention.v"},
    gguf_name{"dec.blk.*.attn_o", "decoder.block.*.layer.0.SelfAttention.o"},
    gguf_name{"dec.blk.*.attn_rel_b", "decoder.block.*.layer.0.SelfAttention.relative_attention_bias"},
    gguf_name{"dec.blk.*.cross_attn_norm", "decoder.block.*.layer.1.layer_norm"},
    gguf_name{"dec.blk.*.cross_attn_q", "decoder.block.*.layer.1.EncDecAttention.q"},
    gguf_name{"dec.blk.*.cross_attn_k", "decoder.block.*.layer.1.EncDecAttention.k"},
    gguf_name{"dec.blk.*.cross_attn_v", "decoder.block.*.layer.1.EncDecAttention.v"},
    gguf_name{"dec.blk.*.cross_attn_o", "decoder.block.*.layer.1.EncDecAttention.o"},
    gguf_name{"dec.blk.*.cross_attn_rel_b", "decoder.block.*.layer.1.EncDecAttention.relative_attention_bias"},
    gguf_name{"dec.blk.*.ffn_norm", "decoder.block.*.layer.2.layer_norm"},
    gguf_name{"dec.blk.*.ffn_gate", "decoder.block.*.layer.2.DenseReluDense.wi_0"},
    gguf_name{"dec.blk.*.ffn_up", "decoder.block.*.layer.2.DenseReluDense.wi_1"},
    gguf_name{"dec.blk.*.ffn_down", "decoder.block.*.layer.2.DenseReluDense.wo"},
    gguf_name{"dec.output_norm", "decoder.final_layer_norm"},
    gguf_name{"output", "lm_head"},
};

constexpr std::array t5_list = [] {
  auto out = t5_gated_list;
  for (gguf_name& n : out) {
    if (n.gguf == "enc.blk.*.ffn_up") n.hugging_face = "encoder.block.*.layer.1.DenseReluDense.wi";
    if (n.gguf == "dec.blk.*.ffn_up") n.hugging_face = "decoder.block.*.layer.2.DenseReluDense.wi";
  }
  return out;
}();

}  // namespace

std::span<gguf_name const> const gguf_llama_names = llama_list;
std::span<gguf_name const> const gguf_qwen3_names = qwen3_list;
std::span<gguf_name const> const gguf_phi3_names = phi3_list;
std::span<gguf_name const> const gguf_gpt2_names = gpt2_list;
std::span<gguf_name const> const gguf_bert_names = bert_list;
std::span<gguf_name const> const gguf_gemma2_names = gemma2_list;
std::span<gguf_name const> const gguf_t5_names = t5_list;
std::span<gguf_name const> const gguf_t5_gated_names = t5_gated_list;

std::string hugging_face_name(std::span<gguf_name const> names, std::string_view name) {
  std::size_t const dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::string(name);
  std::string_view const layer = name.substr(0, dot);
  for (gguf_name const& known : names) {
    if (!matches(layer, known.gguf)) continue;
    std::string out(known.hugging_face);
    if (std::size_t const star = out.find('*'); star != std::string::npos) {
      std::size_t const begin = known.gguf.find('*');
      out.replace(star, 1, layer.substr(begin, layer.find('.', begin) - begin));
    }
    return out.append(name.substr(dot));
  }
  return std::string(name);
}

}  // namespace constformer
