// expect: smear: smear_inputs, residual_gains and backout need place=pre, it is post
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr norm_place value = norm_place::pre;
#else
constexpr norm_place value = norm_place::post;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.residual_gains = true;
           c.place = value;
         });
static_assert(valid_config<model>::value);
