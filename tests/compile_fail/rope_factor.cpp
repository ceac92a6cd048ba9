// expect: rope: factor=0.5 of scaling=linear is not between 1 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float factor = 2.0F;
#else
constexpr float factor = 0.5F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.rope.scaling = rope_scaling_kind::linear;
           c.rope.factor = factor;
         });
static_assert(valid_config<model>::value);
