#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "constformer/checkpoint/checkpoint_check.hpp"
#include "constformer/config/families.hpp"

/// Two models of one layer and what their checkpoints hold: the cases change one thing about them.
namespace small {

using constformer::file_tensor;

inline constexpr constformer::config llama = constformer::with(
    constformer::llama(
        {.layers = 1, .d_model = 8, .heads = 2, .kv_heads = 1, .d_ff = 16, .vocab = 32, .positions = 64}),
    [](constformer::config& c) { c.tied = true; });
inline constexpr std::string_view llama_prefix = "model.";
inline constexpr std::array llama_tensors{
    file_tensor{"model.embed_tokens.weight", "F32", 2, {32, 8}},
    file_tensor{"model.layers.0.input_layernorm.weight", "F32", 1, {8}},
    file_tensor{"model.layers.0.self_attn.q_proj.weight", "F32", 2, {8, 8}},
    file_tensor{"model.layers.0.self_attn.k_proj.weight", "F32", 2, {4, 8}},
    file_tensor{"model.layers.0.self_attn.v_proj.weight", "F32", 2, {4, 8}},
    file_tensor{"model.layers.0.self_attn.o_proj.weight", "F32", 2, {8, 8}},
    file_tensor{"model.layers.0.post_attention_layernorm.weight", "F32", 1, {8}},
    file_tensor{"model.layers.0.mlp.gate_proj.weight", "F32", 2, {16, 8}},
    file_tensor{"model.layers.0.mlp.up_proj.weight", "F32", 2, {16, 8}},
    file_tensor{"model.layers.0.mlp.down_proj.weight", "F32", 2, {8, 16}},
    file_tensor{"model.norm.weight", "F32", 1, {8}},
};

inline constexpr constformer::config gpt2 =
    constformer::gpt2({.layers = 1, .d_model = 8, .heads = 2, .vocab = 32, .positions = 64});
inline constexpr std::string_view gpt2_prefix = "transformer.";
inline constexpr std::array gpt2_tensors{
    file_tensor{"transformer.wte.weight", "F32", 2, {32, 8}},
    file_tensor{"transformer.wpe.weight", "F32", 2, {64, 8}},
    file_tensor{"transformer.h.0.ln_1.weight", "F32", 1, {8}},
    file_tensor{"transformer.h.0.ln_1.bias", "F32", 1, {8}},
    file_tensor{"transformer.h.0.attn.c_attn.weight", "F32", 2, {8, 24}},
    file_tensor{"transformer.h.0.attn.c_attn.bias", "F32", 1, {24}},
    file_tensor{"transformer.h.0.attn.c_proj.weight", "F32", 2, {8, 8}},
    file_tensor{"transformer.h.0.attn.c_proj.bias", "F32", 1, {8}},
    file_tensor{"transformer.h.0.ln_2.weight", "F32", 1, {8}},
    file_tensor{"transformer.h.0.ln_2.bias", "F32", 1, {8}},
    file_tensor{"transformer.h.0.mlp.c_fc.weight", "F32", 2, {8, 32}},
    file_tensor{"transformer.h.0.mlp.c_fc.bias", "F32", 1, {32}},
    file_tensor{"transformer.h.0.mlp.c_proj.weight", "F32", 2, {32, 8}},
    file_tensor{"transformer.h.0.mlp.c_proj.bias", "F32", 1, {8}},
    file_tensor{"transformer.ln_f.weight", "F32", 1, {8}},
    file_tensor{"transformer.ln_f.bias", "F32", 1, {8}},
};

/// `tensors` with `tensor` in place of the one called `name`.
template <std::size_t N>
constexpr std::array<file_tensor, N> replaced(std::array<file_tensor, N> tensors, std::string_view name,
                                              file_tensor const& tensor) {
  for (file_tensor& one : tensors)
    if (one.name == name) one = tensor;
  return tensors;
}

/// `tensors` and `more` after them.
template <std::size_t N, std::size_t M>
constexpr std::array<file_tensor, N + M> joined(std::array<file_tensor, N> const& tensors,
                                                std::array<file_tensor, M> const& more) {
  std::array<file_tensor, N + M> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = tensors[i];
  for (std::size_t i = 0; i < M; ++i) out[N + i] = more[i];
  return out;
}

}  // namespace small
