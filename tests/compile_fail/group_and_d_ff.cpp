// expect: quantisation: d_ff=20 is less than group=32
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int d_ff = 192;
#else
constexpr int d_ff = 20;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q8_0;
           c.group = 32;
           c.d_ff = d_ff;
         });
static_assert(valid_config<model>::value);
