// expect: dropout: probability 1 is not in [0, 1) (traced_dropout.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr float p = 0.5F;
#else
constexpr float p = 1.0F;
#endif
struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const { return dropout(wide(x), p); }
};

template struct constformer::forward_program<around<middle>, bounds>;
