// expect: attend: query is (tokens, kv_heads=4, head_dim=16) and key (tokens, heads=4, head_dim=16), not (heads, head_dim) and (kv_heads, head_dim) (traced_heads_of_keys.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (wide_type, wide));
  constexpr value operator()(value x) const {
    value const k = by_heads(x, axes::kv_heads);
#ifdef CF_TWIN
    return wide(attend(by_heads(x), k, k));
#else
    return wide(attend(k, by_heads(x), k));
#endif
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
