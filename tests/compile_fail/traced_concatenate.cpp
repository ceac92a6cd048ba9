// expect: concatenate: (tokens, channels=64) and (tokens, heads=4, head_dim=16) (traced_concatenate.cpp:13)
#include "traced_parts.hpp"

using namespace traced_parts;

struct middle {
  using mix_type = linear<64, 128>;
  BOOST_HANA_DEFINE_STRUCT(middle, (mix_type, mix));
  constexpr value operator()(value x) const {
#ifdef CF_TWIN
    return mix(concatenate(x, x));
#else
    return mix(concatenate(x, by_heads(x)));
#endif
  }
};

template struct constformer::forward_program<around<middle>, bounds>;
