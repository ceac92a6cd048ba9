// expect: types: value has more than 4 types
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

inline constexpr config model =
    with(llama({.layers = 5, .d_model = 256, .heads = 4, .kv_heads = 2, .d_ff = 512, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q4_k;
           c.group = 256;
           c.types = {{{weight_kind::value, dtype::q5_k, {{1}}},
                       {weight_kind::value, dtype::q6_k, {{2}}},
                       {weight_kind::value, dtype::q8_0, {{4}}},
                       {weight_kind::value, dtype::q4_0, {{8}}}},
#ifdef CF_TWIN
                      3};
#else
                      4};
#endif
         });
static_assert(valid_config<model>::value);
