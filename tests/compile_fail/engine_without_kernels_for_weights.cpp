// expect: kernels: weights=f16 has none, f32 and bf16 have
#include "constformer/config/families.hpp"
#include "constformer/generate/engine-inl.hpp"

using namespace constformer;

#ifdef CF_TWIN
constexpr dtype weights = dtype::bf16;
#else
constexpr dtype weights = dtype::f16;
#endif
inline constexpr config model =
    with(llama({.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .d_ff = 128, .vocab = 96, .positions = 128}),
         [](config& c) { c.weights = weights; });
template class constformer::HWY_NAMESPACE::engine<model>;
