// expect: rope: planes=3 is neither 1 nor 2
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int planes = 2;
#else
constexpr int planes = 3;
#endif
inline constexpr config model = with(chatglm_6b({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128},
                                                {.end = 3, .blank = 2, .other_blank = 1}),
                                     [](config& c) { c.rope.planes = planes; });
static_assert(valid_config<model>::value);
