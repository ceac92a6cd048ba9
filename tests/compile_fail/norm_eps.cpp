// expect: norm: eps=0 is not between 0 and 1
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float norm_eps = 1e-6F;
#else
constexpr float norm_eps = 0.0F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.norm_eps = norm_eps; });
static_assert(valid_config<model>::value);
