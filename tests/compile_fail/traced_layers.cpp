// expect: repeat: a layer takes and gives: (tokens, channels=64) and (tokens, channels=32)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int out = 64;
#else
constexpr int out = 32;
#endif
struct layer {
  using wide_type = linear<out, 64>;
  BOOST_HANA_DEFINE_STRUCT(layer, (wide_type, wide));
  constexpr value operator()(value x) const { return wide(x); }
};
struct middle {
  using layers_type = repeated<layer, 3>;
  BOOST_HANA_DEFINE_STRUCT(middle, (layers_type, layers));
  constexpr value operator()(value x) const { return layers(x); }
};

template struct constformer::forward_program<around<middle>, bounds>;
