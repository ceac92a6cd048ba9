// expect: model.layers.0.self_attn.k_proj.weight: checkpoint has [4], model has [4,8] (1 of 11 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int rank = 2;
#else
constexpr int rank = 1;
#endif
inline constexpr auto tensors = small::replaced(small::llama_tensors, "model.layers.0.self_attn.k_proj.weight",
                                                {"model.layers.0.self_attn.k_proj.weight", "F32", rank, {4, 8}});
static_assert(checkpoint_fits<small::llama, tensors, small::llama_prefix>::value);
