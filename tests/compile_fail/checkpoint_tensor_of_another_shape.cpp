// expect: model.layers.0.self_attn.k_proj.weight: checkpoint has [8,8], model has [4,8] (1 of 11 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int kv_width = 4;
#else
constexpr int kv_width = 8;
#endif
inline constexpr auto tensors = small::replaced(small::llama_tensors, "model.layers.0.self_attn.k_proj.weight",
                                                {"model.layers.0.self_attn.k_proj.weight", "F32", 2, {kv_width, 8}});
static_assert(checkpoint_fits<small::llama, tensors, small::llama_prefix>::value);
