// expect: quantisation: inputs=i8 of weights=f32 must be f32, bf16 of bf16, or i8 of quantised types
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr dtype weights = dtype::q8_0;
#else
constexpr dtype weights = dtype::f32;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = weights;
           c.group = quantisation_group(weights);
           c.inputs = dtype::i8;
         });
static_assert(valid_config<model>::value);
