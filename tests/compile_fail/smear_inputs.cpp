// expect: smear: smear_inputs=65 is not between 0 and d_model=64
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int value = 64;
#else
constexpr int value = 65;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.smear_inputs = value; });
static_assert(valid_config<model>::value);
