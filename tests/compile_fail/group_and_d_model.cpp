// expect: quantisation: d_model=24 is less than group=32
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int d_model = 64;
#else
constexpr int d_model = 24;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q8_0;
           c.group = 32;
           c.d_model = d_model;
         });
static_assert(valid_config<model>::value);
