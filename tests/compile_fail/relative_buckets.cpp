// expect: relative: buckets=30 is not a positive multiple of 4
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int changed = 32;
#else
constexpr int changed = 30;
#endif
inline constexpr config model =
    with(t5({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.relative.buckets = changed; });
static_assert(valid_config<model>::value);
