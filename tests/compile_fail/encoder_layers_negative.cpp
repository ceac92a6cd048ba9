// expect: encoder: layers=-1 must not be negative
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int changed = 1;
#else
constexpr int changed = -1;
#endif
inline constexpr config model =
    with(vaswani({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.encoder.layers = changed; });
static_assert(valid_config<model>::value);
