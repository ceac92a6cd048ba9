// expect: slice: [32, 96) is not within (tokens, channels=64) (traced_slice.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int first = 0;
#else
constexpr int first = 32;
#endif
struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const { return wide(slice(x, first, 64)); }
};

template struct constformer::forward_program<around<middle>, bounds>;
