// expect: rope: rotary_dims=0 must be positive
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int rotary_dims = 2;
#else
constexpr int rotary_dims = 0;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.rope.rotary_dims = rotary_dims; });
static_assert(valid_config<model>::value);
