// expect: repeated: count=0 must be positive
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"

#ifdef CF_TWIN
constexpr int count = 1;
#else
constexpr int count = 0;
#endif
template struct constformer::repeated<constformer::norm_layer<64, true>, count>;
