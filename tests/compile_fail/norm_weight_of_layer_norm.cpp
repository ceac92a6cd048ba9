// expect: norm: norm_weight=false needs norm=rms_norm and norm_adds_one=false, norm is layer_norm
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr norm_kind value = norm_kind::rms_norm;
#else
constexpr norm_kind value = norm_kind::layer_norm;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.norm_weight = false;
           c.norm = value;
         });
static_assert(valid_config<model>::value);
