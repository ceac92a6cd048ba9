// expect: linear: weight is [64,8 of its axis], input is (tokens, channels=8) (traced_axis_taken.cpp:15)
#include "traced_parts.hpp"

using namespace traced_parts;

constexpr axis_name bottleneck{"bottleneck"};
struct middle {
#ifdef CF_TWIN
  using down_type = linear<8, 64, false, bottleneck>;
#else
  using down_type = linear<8, 64>;
#endif
  using up_type = linear<64, 8, false, axes::channels, bottleneck>;
  BOOST_HANA_DEFINE_STRUCT(middle, (down_type, down), (up_type, up));
  constexpr value operator()(value x) const { return x + up(down(x)); }
};

template struct constformer::forward_program<around<middle>, bounds>;
