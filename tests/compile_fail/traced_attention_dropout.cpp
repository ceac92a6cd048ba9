// expect: attend: dropout 1.5 is not in [0, 1) (traced_attention_dropout.cpp:16)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr float dropped = 0.5F;
#else
constexpr float dropped = 1.5F;
#endif
struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const {
    value const k = by_heads(x, axes::kv_heads);
    return wide(attend(by_heads(x), k, k, {.dropout = dropped}));
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
