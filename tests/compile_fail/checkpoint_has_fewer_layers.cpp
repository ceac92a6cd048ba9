// expect: model.layers.1.input_layernorm.weight: checkpoint does not have it, model has [8] (9 of 20 tensors do not fit)
#include <array>
#include <string_view>

#include "constformer/checkpoint/checkpoint_check.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int layers = 1;
#else
constexpr int layers = 2;
#endif
inline constexpr config model =
    with(llama({.layers = 1, .d_model = 8, .heads = 2, .kv_heads = 1, .d_ff = 16, .vocab = 32, .positions = 64}),
         [](config& c) {
           c.tied = true;
           c.layers = layers;
         });
inline constexpr std::string_view prefix = "model.";
inline constexpr std::array tensors{
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
static_assert(checkpoint_fits<model, tensors, prefix>::value);
