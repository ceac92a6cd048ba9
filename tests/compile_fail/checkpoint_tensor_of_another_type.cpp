// expect: model.layers.0.self_attn.k_proj.weight: checkpoint has type I8, which is none of F32, F16, BF16 (1 of 11 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr std::string_view type = "BF16";
#else
constexpr std::string_view type = "I8";
#endif
inline constexpr auto tensors = small::replaced(small::llama_tensors, "model.layers.0.self_attn.k_proj.weight",
                                                {"model.layers.0.self_attn.k_proj.weight", type, 2, {4, 8}});
static_assert(checkpoint_fits<small::llama, tensors, small::llama_prefix>::value);
