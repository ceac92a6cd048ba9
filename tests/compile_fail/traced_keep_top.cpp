// expect: keep_top: 65 of (tokens, channels=64) (traced_keep_top.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int count = 2;
#else
constexpr int count = 65;
#endif
struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const { return wide(softmax(keep_top(x, count))); }
};

template struct constformer::forward_program<around<middle>, bounds>;
