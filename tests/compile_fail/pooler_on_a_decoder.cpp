// expect: pooler: needs mask=bidirectional, it is causal
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool pooler = false;
#else
constexpr bool pooler = true;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.pooler = pooler; });
static_assert(valid_config<model>::value);
