// expect: rope: rotary_dims=2 is too few for scaling=dynamic, whose exponent divides by rotary_dims-2
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int rotary_dims = 4;
#else
constexpr int rotary_dims = 2;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.rope.scaling = rope_scaling_kind::dynamic;
           c.rope.factor = 2.0F;
           c.rope.original_positions = 128;
           c.rope.rotary_dims = rotary_dims;
         });
static_assert(valid_config<model>::value);
