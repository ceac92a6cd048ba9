// expect: quantisation: down of type q6_k has 384 columns, which is not a multiple of 256
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

inline constexpr config model =
    with(llama({.layers = 2, .d_model = 256, .heads = 4, .kv_heads = 2, .d_ff = 512, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q4_k;
           c.group = 256;
#ifdef CF_TWIN
           c.d_ff = 256;
#else
           c.d_ff = 384;
#endif
           c.types = {{{weight_kind::down, dtype::q6_k, {{3}}}}, 1};
         });
static_assert(valid_config<model>::value);
