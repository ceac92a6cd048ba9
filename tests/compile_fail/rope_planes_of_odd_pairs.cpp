// expect: rope: rotary_dims=6 of planes=2 is not a multiple of 4
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int dims = 8;
#else
constexpr int dims = 6;
#endif
inline constexpr config model = with(chatglm_6b({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128},
                                                {.end = 3, .blank = 2, .other_blank = 1}),
                                     [](config& c) { c.rope.rotary_dims = dims; });
static_assert(valid_config<model>::value);
