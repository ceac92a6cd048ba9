// expect: attention: heads=2 is not a multiple of kv_heads=3
#include "small_checkpoints.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int kv_heads = 1;
#else
constexpr int kv_heads = 3;
#endif
inline constexpr config model = with(small::llama, [](config& c) { c.kv_heads = kv_heads; });
static_assert(checkpoint_fits<model, small::llama_tensors, small::llama_prefix>::value);
