// expect: rope: attention_factor=0 is not between 0 and 1e12
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float attention_factor = 1.0F;
#else
constexpr float attention_factor = 0.0F;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.rope.attention_factor = attention_factor; });
static_assert(valid_config<model>::value);
