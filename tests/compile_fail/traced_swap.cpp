// expect: swap_axes: (tokens, channels=64) has not two axes (traced_swap.cpp:13)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const {
#ifdef CF_TWIN
    return wide(swap_axes(by_heads(x)));
#else
    return wide(swap_axes(x));
#endif
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
