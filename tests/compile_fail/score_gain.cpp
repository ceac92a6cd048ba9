// expect: attention: score_gain=0 is not between 0 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float gain = 0.5F;
#else
constexpr float gain = 0.0F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.score_gain = gain; });
static_assert(valid_config<model>::value);
