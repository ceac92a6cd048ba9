// expect: family: checkpoints of gpt2 have no name for blocks.*.ffn.gate.weight
#include <array>
#include <string_view>

#include "constformer/checkpoint/checkpoint_check.hpp"
#include "constformer/config/families.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool gated = false;
#else
constexpr bool gated = true;
#endif
inline constexpr config model = with(gpt2({.layers = 1, .d_model = 8, .heads = 2, .vocab = 32, .positions = 64}),
                                     [](config& c) { c.gated = gated; });
inline constexpr std::string_view prefix = "transformer.";
inline constexpr std::array tensors{
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
static_assert(checkpoint_fits<model, tensors, prefix>::value);
