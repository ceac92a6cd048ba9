// expect: chain: the first layer gives 64 columns, the next takes 48
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"

#ifdef CF_TWIN
constexpr int width = 64;
#else
constexpr int width = 48;
#endif
static_assert(constformer::chained<constformer::linear<64, 32, false>, constformer::norm_layer<width, true>>::value);
