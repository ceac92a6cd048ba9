// expect: attention: d_model=64 is not heads=5 times head_dim=16
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int heads = 4;
#else
constexpr int heads = 5;
#endif
inline constexpr config model = with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.heads = c.kv_heads = heads; });
static_assert(valid_config<model>::value);
