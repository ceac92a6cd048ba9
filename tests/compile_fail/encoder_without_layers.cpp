// expect: encoder: heads=4, head_dim=16, d_ff=128 and vocab=0 need layers, there are none
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int changed = 2;
#else
constexpr int changed = 0;
#endif
inline constexpr config model =
    with(vaswani({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.encoder.layers = changed; });
static_assert(valid_config<model>::value);
