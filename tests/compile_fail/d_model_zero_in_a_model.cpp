// expect: config: d_model=0 must be positive
#include "constformer/config/families.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/transformer.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int d_model = 64;
#else
constexpr int d_model = 0;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.d_model = d_model; });
static_assert(count_parameters<transformer<model>>() > 0);
