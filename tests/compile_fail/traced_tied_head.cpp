// expect: tied_logits: table is [96,64], input is (tokens, channels=32) (traced_parts.hpp:26)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
#ifdef CF_TWIN
  using down_type = linear<64, 64>;
#else
  using down_type = linear<32, 64>;
#endif
  BOOST_HANA_DEFINE_STRUCT(middle, (down_type, down));
  constexpr value operator()(value x) const { return down(x); }
};

template struct constformer::forward_program<around<middle>, bounds>;
