// expect: attend: heads=4 is not a multiple of kv_heads=3 (traced_heads_shared.cpp:17)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int kv_heads = 2;
#else
constexpr int kv_heads = 3;
#endif
struct middle {
  using key_type = linear<kv_heads * 16, 64>;
  using wide_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (key_type, key), (wide_type, wide));
  constexpr value operator()(value x) const {
    value const k = split_heads(key(x), kv_heads, 16, axes::kv_heads);
    return wide(attend(by_heads(x), k, k));
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
