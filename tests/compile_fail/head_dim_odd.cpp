// expect: rope: rotary_dims=21 is not a multiple of 2
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int head_dim = 22;
#else
constexpr int head_dim = 21;
#endif
inline constexpr config model = with(
    llama({.layers = 2, .d_model = 64, .heads = 3, .head_dim = head_dim, .d_ff = 128, .vocab = 96, .positions = 128}),
    [](config& c) { c.tied = true; });
static_assert(valid_config<model>::value);
