// expect: model.layers.0.self_attn.q_proj.bias: checkpoint has [8], the model has no such tensor (3 of 11 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool bias = true;
#else
constexpr bool bias = false;
#endif
inline constexpr config model = with(small::llama, [](config& c) { c.bias_qkv = bias; });
inline constexpr auto tensors =
    small::joined(small::llama_tensors, std::array{
                                            file_tensor{"model.layers.0.self_attn.q_proj.bias", "F32", 1, {8}},
                                            file_tensor{"model.layers.0.self_attn.k_proj.bias", "F32", 1, {4}},
                                            file_tensor{"model.layers.0.self_attn.v_proj.bias", "F32", 1, {4}},
                                        });
static_assert(checkpoint_fits<model, tensors, small::llama_prefix>::value);
