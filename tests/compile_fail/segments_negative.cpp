// expect: config: segments=-1 must not be negative
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int segments = 1;
#else
constexpr int segments = -1;
#endif
inline constexpr config model = with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.segments = segments; });
static_assert(valid_config<model>::value);
