// expect: cross_entropy: logits come from no linear layer (traced_loss_without_head.cpp:18)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const { return wide(x); }
};
struct model {
  using inner_type = around<middle>;
  BOOST_HANA_DEFINE_STRUCT(model, (inner_type, inner));
  constexpr value operator()(value ids) const {
#ifdef CF_TWIN
    return inner(ids);
#else
    return softmax(inner(ids));
#endif
  }
};

template struct constformer::training_program<model, bounds>;
