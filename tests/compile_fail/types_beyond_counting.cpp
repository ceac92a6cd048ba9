// expect: types: count=25 is not between 0 and 24
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

inline constexpr config model =
    with(llama({.layers = 2, .d_model = 256, .heads = 4, .kv_heads = 2, .d_ff = 512, .vocab = 96, .positions = 128}),
         [](config& c) {
           c.weights = dtype::q4_k;
           c.group = 256;
#ifdef CF_TWIN
           c.types.count = 0;
#else
           c.types.count = 25;
#endif
         });
static_assert(valid_config<model>::value);
