// expect: bounds: sequences have up to 32 tokens, the table has 24 positions (traced_positions.cpp:14)
#include "traced_parts.hpp"

using namespace traced_parts;

#ifdef CF_TWIN
constexpr int places = 32;
#else
constexpr int places = 24;
#endif
struct middle {
  using table_type = embedding<places, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (table_type, positions));
  constexpr value operator()(value x) const { return x + positions(positions_of(x)); }
};

template struct constformer::forward_program<around<middle>, bounds>;
