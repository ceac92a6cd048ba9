// expect: rope: 15 dims do not make pairs in 1 planes (traced_rope.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int dims = 14;
#else
constexpr int dims = 15;
#endif
struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const { return wide(rope(by_heads(x), rope_config{.rotary_dims = dims})); }
};

template struct constformer::forward_program<around<middle>, bounds>;
