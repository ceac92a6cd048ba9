// expect: linear: extents (64, 0) must be positive
#include "constformer/layers/linear.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int in = 8;
#else
constexpr int in = 0;
#endif
template struct constformer::linear<64, in, true>;
