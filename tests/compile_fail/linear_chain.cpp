// expect: chain: the first layer gives 128 columns, the next takes 96
#include "constformer/layers/linear.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int inner = 128;
#else
constexpr int inner = 96;
#endif
using up = linear<128, 64, false>;
using down = linear<64, inner, false>;
static_assert(chained<up, down>::value);
