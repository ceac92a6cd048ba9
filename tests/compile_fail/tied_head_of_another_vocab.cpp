// expect: head: tied to an embedding of [512,64], but needs [96,64]
#include "constformer/layers/embedding.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr int vocab = 512;
#else
constexpr int vocab = 96;
#endif
using tokens = embedding<512, 64>;
static_assert(tied_head<vocab, 64, tokens>::value);
