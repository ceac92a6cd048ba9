// expect: rope: high_freq_factor=1 must be more than low_freq_factor=1, and both positive
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float high_freq_factor = 4.0F;
#else
constexpr float high_freq_factor = 1.0F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.rope.scaling = rope_scaling_kind::llama3;
           c.rope.factor = 8.0F;
           c.rope.original_positions = 64;
           c.rope.low_freq_factor = 1.0F;
           c.rope.high_freq_factor = high_freq_factor;
         });
static_assert(valid_config<model>::value);
