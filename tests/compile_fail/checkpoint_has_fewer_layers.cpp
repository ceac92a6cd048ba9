// expect: model.layers.1.input_layernorm.weight: checkpoint does not have it, model has [8] (9 of 20 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int layers = 1;
#else
constexpr int layers = 2;
#endif
inline constexpr config model = with(small::llama, [](config& c) { c.layers = layers; });
static_assert(checkpoint_fits<model, small::llama_tensors, small::llama_prefix>::value);
