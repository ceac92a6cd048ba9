// expect: bounds: the model reads a source, sources=0 (traced_source_without_room.cpp:15)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr batch_bounds room{.tokens = 32, .sources = 32};
#else
constexpr batch_bounds room{.tokens = 32};
#endif
struct translator {
  using table_type = embedding<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(translator, (table_type, tokens));
  constexpr value operator()(value source, value ids) const {
    value const k = by_heads(tokens(source), axes::kv_heads);
    value const mixed = attend(by_heads(tokens(ids)), k, k, {.mask = mask_kind::bidirectional});
    return tied_logits(reshape(mixed, call::current(), axis{axes::channels, width}), tokens);
  }
};

template struct constformer::forward_program<translator, room>;
