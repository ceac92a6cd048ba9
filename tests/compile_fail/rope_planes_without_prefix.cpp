// expect: rope: planes=2 needs mask=prefix, it is causal
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int planes = 1;
#else
constexpr int planes = 2;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.rope.planes = planes; });
static_assert(valid_config<model>::value);
