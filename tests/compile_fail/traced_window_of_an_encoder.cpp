// expect: attend: window=3 needs mask=causal, it is bidirectional (traced_window_of_an_encoder.cpp:16)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr mask_kind mask = mask_kind::causal;
#else
constexpr mask_kind mask = mask_kind::bidirectional;
#endif
struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const {
    value const k = by_heads(x, axes::kv_heads);
    return wide(attend(by_heads(x), k, k, {.window = 3, .mask = mask}));
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
