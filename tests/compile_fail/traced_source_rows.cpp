// expect: add: (tokens, channels=64) and (source tokens, channels=64) (traced_source_rows.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

struct translator {
  using table_type = embedding<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(translator, (table_type, tokens));
  constexpr value operator()(value source, value ids) const {
#ifdef CF_TWIN
    return tied_logits(tokens(ids) + tokens(ids), tokens);
    (void)source;
#else
    return tied_logits(tokens(ids) + tokens(source), tokens);
#endif
  }
};

template struct constformer::forward_program<translator, bounds>;
