// expect: quantisation: group=32 does not fit weights=f32, whose group is 0
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int group = 0;
#else
constexpr int group = 32;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.group = group; });
static_assert(valid_config<model>::value);
