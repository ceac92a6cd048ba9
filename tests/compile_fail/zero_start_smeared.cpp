// expect: embedding: zero_start=true needs smear_inputs=0, it is 4
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int inputs = 0;
#else
constexpr int inputs = 4;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.zero_start = true;
           c.smear_inputs = inputs;
         });
static_assert(valid_config<model>::value);
