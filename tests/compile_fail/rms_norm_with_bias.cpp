// expect: norm: rms_norm has no bias, norm_bias=true
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr norm_kind norm = norm_kind::layer_norm;
#else
constexpr norm_kind norm = norm_kind::rms_norm;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.norm = norm;
           c.norm_bias = true;
         });
static_assert(valid_config<model>::value);
