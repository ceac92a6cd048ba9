// expect: embedding: zero_start=true needs mask=causal, it is bidirectional
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr bool start = false;
#else
constexpr bool start = true;
#endif
inline constexpr config model =
    with(bert({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.zero_start = start; });
static_assert(valid_config<model>::value);
