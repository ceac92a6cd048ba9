// expect: relative: max_distance=16 must be more than half of buckets=32
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int changed = 17;
#else
constexpr int changed = 16;
#endif
inline constexpr config model =
    with(t5({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.relative.max_distance = changed; });
static_assert(valid_config<model>::value);
