// expect: norm: qk_norm_last=true needs qk_norm=true, it is false
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool value = true;
#else
constexpr bool value = false;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.qk_norm_last = true;
           c.qk_norm = value;
         });
static_assert(valid_config<model>::value);
