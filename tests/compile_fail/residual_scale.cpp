// expect: norm: residual_scale=0 is not between 0 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float scale = 7.0F;
#else
constexpr float scale = 0.0F;
#endif
inline constexpr config model = with(chatglm_6b({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128},
                                                {.end = 3, .blank = 2, .other_blank = 1}),
                                     [](config& c) { c.residual_scale = scale; });
static_assert(valid_config<model>::value);
