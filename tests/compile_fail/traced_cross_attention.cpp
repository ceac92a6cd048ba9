// expect: attend: query is (tokens, heads=4, head_dim=16) and key (source tokens, kv_heads=4, head_dim=12) (traced_cross_attention.cpp:19)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int key_dim = 16;
#else
constexpr int key_dim = 12;
#endif
struct translator {
  using table_type = embedding<vocab, width>;
  using key_type = linear<heads * key_dim, width>;
  BOOST_HANA_DEFINE_STRUCT(translator, (table_type, tokens), (key_type, key));
  constexpr value operator()(value source, value ids) const {
    value const x = tokens(ids);
    value const k = split_heads(key(tokens(source)), heads, key_dim, axes::kv_heads);
    value const v = by_heads(tokens(source), axes::kv_heads);
    value const mixed = attend(by_heads(x), k, v, {.mask = mask_kind::bidirectional});
    return tied_logits(x + reshape(mixed, call::current(), axis{axes::channels, width}), tokens);
  }
};

template struct constformer::forward_program<translator, bounds>;
