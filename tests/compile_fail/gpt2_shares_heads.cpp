// expect: attention: kv_heads=2 is not heads=4, and gpt2 has no shared ones
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int kv_heads = 4;
#else
constexpr int kv_heads = 2;
#endif
inline constexpr config model = with(gpt2({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.kv_heads = kv_heads; });
static_assert(valid_config<model>::value);
