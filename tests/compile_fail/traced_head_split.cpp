// expect: reshape: (tokens, channels=64) has 64 columns, (tokens, heads=4, head_dim=24) has 96 (traced_head_split.cpp:15)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int each = 16;
#else
constexpr int each = 24;
#endif
struct middle {
  using query_type = linear<64, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (query_type, query));
  constexpr value operator()(value x) const {
    value const q = split_heads(query(x), 4, each);
    return x + reshape(q, call::current(), axis{axes::channels, 64});
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
