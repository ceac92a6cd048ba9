// expect: attend: window=-3 is negative (traced_window.cpp:16)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int window = 3;
#else
constexpr int window = -3;
#endif
struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const {
    value const k = by_heads(x, axes::kv_heads);
    return wide(attend(by_heads(x), k, k, {.window = window}));
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
