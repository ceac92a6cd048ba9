// expect: types: value has 1 layers that the model does not have
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

inline constexpr config model =
    with(llama({.layers = 2, .d_model = 256, .heads = 4, .kv_heads = 2, .d_ff = 512, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q4_k;
           c.group = 256;
#ifdef CF_TWIN
           c.types = {{{weight_kind::value, dtype::q6_k, {{2}}}}, 1};
#else
           c.types = {{{weight_kind::value, dtype::q6_k, {{4}}}}, 1};
#endif
         });
static_assert(valid_config<model>::value);
