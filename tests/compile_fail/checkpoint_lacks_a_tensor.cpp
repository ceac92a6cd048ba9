// expect: model.norm.weight: checkpoint does not have it, model has [8] (1 of 11 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr std::string_view last = "model.norm.weight";
#else
constexpr std::string_view last = "lm_head.weight";
#endif
inline constexpr auto tensors = small::replaced(small::llama_tensors, "model.norm.weight", {last, "F32", 1, {8}});
static_assert(checkpoint_fits<small::llama, tensors, small::llama_prefix>::value);
