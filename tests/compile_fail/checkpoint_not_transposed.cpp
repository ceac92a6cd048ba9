// expect: transformer.h.0.mlp.c_fc.weight: checkpoint has [32,8], model has [8,32] (1 of 16 tensors do not fit)
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int inputs = 8;
#else
constexpr int inputs = 32;
#endif
inline constexpr auto tensors = small::replaced(small::gpt2_tensors, "transformer.h.0.mlp.c_fc.weight",
                                                {"transformer.h.0.mlp.c_fc.weight", "F32", 2, {inputs, 256 / inputs}});
static_assert(checkpoint_fits<small::gpt2, tensors, small::gpt2_prefix>::value);
