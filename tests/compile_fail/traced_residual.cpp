// expect: add: (tokens, channels=64) and (tokens, channels=48) (traced_residual.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int out = 64;
#else
constexpr int out = 48;
#endif
struct middle {
  using wide_type = linear<out, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const { return x + wide(x); }
};

template struct constformer::forward_program<around<middle>, bounds>;
