// expect: norm: parallel=true needs place=pre, it is post
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool parallel = false;
#else
constexpr bool parallel = true;
#endif
inline constexpr config model = with(bert({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128}),
                                     [](config& c) { c.parallel = parallel; });
static_assert(valid_config<model>::value);
