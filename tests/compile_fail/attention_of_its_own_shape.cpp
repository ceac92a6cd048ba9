// expect: attention: heads=8 is not a multiple of kv_heads=3
#include "constformer/layers/attention.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int kv_heads = 2;
#else
constexpr int kv_heads = 3;
#endif
template struct constformer::attention<attention_shape{64, 8, kv_heads, 8, false, false}>;
