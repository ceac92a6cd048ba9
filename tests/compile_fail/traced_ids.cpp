// expect: embedding: ids have no axes, but these are (tokens, channels=64) (traced_ids.cpp:13)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using table_type = embedding<32, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (table_type, positions));
  constexpr value operator()(value x) const {
#ifdef CF_TWIN
    return x + positions(positions_of(x));
#else
    return x + positions(x);
#endif
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
