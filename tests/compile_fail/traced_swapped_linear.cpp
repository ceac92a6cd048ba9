// expect: linear: weight is [64,8], input is (tokens, channels=64) (traced_swapped_linear.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using down_type = linear<8, 64>;
  using up_type = linear<64, 8>;
  BOOST_HANA_DEFINE_STRUCT(middle, (down_type, down), (up_type, up));
  constexpr value operator()(value x) const {
#ifdef CF_TWIN
    return x + up(silu(down(x)));
#else
    return x + down(silu(up(x)));
#endif
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
