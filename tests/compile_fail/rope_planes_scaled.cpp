// expect: rope: planes=2 has no scaling, it is linear
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr rope_scaling_kind scaling = rope_scaling_kind::none;
#else
constexpr rope_scaling_kind scaling = rope_scaling_kind::linear;
#endif
inline constexpr config model = with(chatglm_6b({.layers = 2, .d_model = 64, .heads = 4, .vocab = 96, .positions = 128},
                                                {.end = 3, .blank = 2, .other_blank = 1}),
                                     [](config& c) { c.rope.scaling = scaling; });
static_assert(valid_config<model>::value);
