#include "gguf_names.hpp"

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
};

}  // namespace

std::span<gguf_name const> const gguf_llama_names = llama_list;
std::span<gguf_name const> const gguf_gpt2_names = gpt2_list;
std::span<gguf_name const> const gguf_bert_names = bert_list;

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
