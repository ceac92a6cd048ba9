// expect: quantisation: group=64 does not fit weights=q8_0, whose group is 32
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int group = 32;
#else
constexpr int group = 64;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q8_0;
           c.group = group;
         });
static_assert(valid_config<model>::value);
