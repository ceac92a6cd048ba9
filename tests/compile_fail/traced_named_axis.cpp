// expect: add: (tokens, channels=64) and (tokens, experts=64) (traced_named_axis.cpp:13)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
#ifdef CF_TWIN
  using router_type = linear<64, 64>;
#else
  using router_type = linear<64, 64, false, axes::experts>;
#endif
  BOOST_HANA_DEFINE_STRUCT(middle, (router_type, router));
  constexpr value operator()(value x) const { return x + router(x); }
};

template struct constformer::forward_program<around<middle>, bounds>;
