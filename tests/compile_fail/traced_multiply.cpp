// expect: multiply: (tokens, channels=64) and (tokens, channels=1) (traced_multiply.cpp:13)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using gate_type = linear<1, 64>;
  BOOST_HANA_DEFINE_STRUCT(middle, (gate_type, gate));
  constexpr value operator()(value x) const {
#ifdef CF_TWIN
    return x * reshape(sigmoid(gate(x)), call::current());
#else
    return x * sigmoid(gate(x));
#endif
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
