// expect: position: sinusoid has pairs, d_model=63 is not a multiple of 2
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int d_model = 66;
#else
constexpr int d_model = 63;
#endif
inline constexpr config model =
    vaswani({.layers = 2, .d_model = d_model, .heads = 3, .d_ff = 128, .vocab = 96, .positions = 128});
static_assert(valid_config<model>::value);
