// expect: head: logit_scale=0 is not between 0 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float changed = 1.0F;
#else
constexpr float changed = 0.0F;
#endif
inline constexpr config model =
    with(t5({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.logit_scale = changed; });
static_assert(valid_config<model>::value);
