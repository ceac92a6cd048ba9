// expect: lm_head.weight: checkpoint does not have it, model has [32,8] (1 of 12 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool tied = true;
#else
constexpr bool tied = false;
#endif
inline constexpr config model = with(small::llama, [](config& c) { c.tied = tied; });
static_assert(checkpoint_fits<model, small::llama_tensors, small::llama_prefix>::value);
