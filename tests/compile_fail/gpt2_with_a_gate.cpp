// expect: family: checkpoints of gpt2 have no name for blocks.*.ffn.gate.weight
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool gated = false;
#else
constexpr bool gated = true;
#endif
inline constexpr config model = with(small::gpt2, [](config& c) { c.gated = gated; });
static_assert(checkpoint_fits<model, small::gpt2_tensors, small::gpt2_prefix>::value);
