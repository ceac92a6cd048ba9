// expect: norm: deviation_norm divides by d_model-1, d_model=1 is below 2
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr norm_kind norm = norm_kind::layer_norm;
#else
constexpr norm_kind norm = norm_kind::deviation_norm;
#endif
inline constexpr config model =
    with(gpt2({.layers = 1, .d_model = 1, .heads = 1, .vocab = 9, .positions = 8}), [](config& c) { c.norm = norm; });
static_assert(valid_config<model>::value);
