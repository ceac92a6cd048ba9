// expect: config: segments=16777217 is above the limit 16777216
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int segments = 2;
#else
constexpr int segments = 16777217;
#endif
inline constexpr config model = with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.segments = segments; });
static_assert(valid_config<model>::value);
