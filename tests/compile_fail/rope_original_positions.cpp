// expect: rope: original_positions=0 of scaling=yarn must be positive
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int original_positions = 64;
#else
constexpr int original_positions = 0;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.rope.scaling = rope_scaling_kind::yarn;
           c.rope.factor = 2.0F;
           c.rope.original_positions = original_positions;
         });
static_assert(valid_config<model>::value);
