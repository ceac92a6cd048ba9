// expect: types: layers=257 are more than the 256 that can be told apart
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int layers = 256;
#else
constexpr int layers = 257;
#endif

inline constexpr config model = with(
    llama({.layers = layers, .d_model = 256, .heads = 4, .kv_heads = 2, .d_ff = 512, .vocab = 96, .positions = 128}),
    [](config& c) {
      c.weights = dtype::q4_k;
      c.group = 256;
      c.types = {{{weight_kind::value, dtype::q6_k, {{2}}}}, 1};
    });
static_assert(valid_config<model>::value);
