// expect: encoder: config: heads=0 must be positive
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int changed = 4;
#else
constexpr int changed = 0;
#endif
inline constexpr config model =
    with(vaswani({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.encoder.heads = changed; });
static_assert(valid_config<model>::value);
