// expect: quantisation: heads=1 times head_dim=16 is less than group=32
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int heads = 4;
#else
constexpr int heads = 1;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q8_0;
           c.group = 32;
           c.kv_heads = 1;
           c.heads = heads;
         });
static_assert(valid_config<model>::value);
