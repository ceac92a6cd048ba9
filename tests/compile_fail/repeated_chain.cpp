// expect: chain: the first layer gives 64 columns, the next takes 32
#include "constformer/layers/linear.hpp"
#include "constformer/layers/parameter.hpp"

#ifdef CF_TWIN
constexpr int in = 64;
#else
constexpr int in = 32;
#endif
template struct constformer::repeated<constformer::linear<64, in, false>, 3>;
