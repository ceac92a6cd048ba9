// expect: rope: theta=inf is not between 1 and 1e12
#include <limits>

#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr float theta = 1e6F;
#else
constexpr float theta = std::numeric_limits<float>::infinity();
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.rope.theta = theta; });
static_assert(valid_config<model>::value);
