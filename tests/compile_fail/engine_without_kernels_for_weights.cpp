// expect: kernels: weights=i8 has none, f32, f16, bf16, q8_0, q4_0 and iq4_nl have
#include "constformer/config/families.hpp"
#include "constformer/generate/engine-inl.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr dtype weights = dtype::bf16;
#else
constexpr dtype weights = dtype::i8;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.weights = weights; });
template class constformer::HWY_NAMESPACE::engine<model>;
