// Kernels of shapes that a compiler can see, for check_unrolling.py to disassemble: the names say what the code must
// hold.
#include <cstddef>

#include "hwy/highway.h"

#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/matmul-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/layers/linear-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// One tile of sums, stored: Rows × Panels·16 outputs of inputs Depth long.
template <int Rows, int Panels, int Depth, class Weight>
HWY_INLINE void multiply(float const* x, Weight const* weights, float* out) {
  auto const store = [&](int row, int column, float_vec v)
                         HWY_ATTR { hn::StoreU(v, float_tag(), out + row * Panels * panel_rows + column); };
  matmul_tile<Rows, Panels>(x, Depth, 0, Rows, panels_of(weights, Depth, fixed<48>()), extent_of<Depth>(), 0, store);
}

/// `multiply` as a function of its own.
template <class Weight, int Rows, int Panels, int Depth>
HWY_NOINLINE void product(float const* x, Weight const* weights, float* out) {
  multiply<Rows, Panels, Depth>(x, weights, out);
}

// Inputs as long as rows of the model that comes with the repository, and as heads.
#define CF_PRODUCTS(WEIGHT, DEPTH)                                                                                \
  template void product<WEIGHT, 1, tile_shape<float>::vector_panels, DEPTH>(float const*, WEIGHT const*, float*); \
  template void product<WEIGHT, tile_shape<float>::rest_rows, 1, DEPTH>(float const*, WEIGHT const*, float*);     \
  template void product<WEIGHT, tile_shape<float>::rows, tile_shape<float>::panels, DEPTH>(float const*,          \
                                                                                           WEIGHT const*, float*)
CF_PRODUCTS(float, 64);
CF_PRODUCTS(float, 128);
CF_PRODUCTS(float, 352);
CF_PRODUCTS(hwy::bfloat16_t, 128);
#undef CF_PRODUCTS

// Whole products of any number of rows: what is computed around a tile must not take its registers.
template <class Input, class Weight>
HWY_NOINLINE void whole(Input const* x, std::size_t stride, int rows, Weight const* weights, int first, int last,
                        store_sums<false> const& to) {
  matmul(x, stride, rows, weights, fixed<768>{}, fixed<48>{}, first, last, to);
}
#define CF_WHOLE(INPUT, WEIGHT) \
  template void whole(INPUT const*, std::size_t, int, WEIGHT const*, int, int, store_sums<false> const&)
CF_WHOLE(float, float);
CF_WHOLE(float, hwy::bfloat16_t);
#if HWY_NATIVE_DOT_BF16
CF_WHOLE(hwy::bfloat16_t, hwy::bfloat16_t);
#endif
#undef CF_WHOLE

#define CF_ATTENTION(HEAD_DIM, GROUP)                                                                      \
  template void attention_kernel<HEAD_DIM, GROUP, causal_mask>::attend(attention_span<causal_mask> const&, \
                                                                       attention_kernel::scratch&)
CF_ATTENTION(32, 2);
CF_ATTENTION(64, 1);
CF_ATTENTION(128, 1);
#undef CF_ATTENTION

/// What must not pass: the sums of one output after the other.
template <int Rows, int Panels, int Depth>
HWY_NOINLINE void wrong_scalar(float const* x, float const* weights, float* out) {
  for (int row = 0; row < Rows; ++row)
    for (int column = 0; column < Panels * panel_rows; ++column) {
      float sum = 0.0F;
      for (int k = 0; k < Depth; ++k) sum += x[row * Depth + k] * weights[k * panel_rows + column];
      out[row * Panels * panel_rows + column] = sum;
    }
}
template void wrong_scalar<4, 1, 64>(float const*, float const*, float*);

/// Nor this: a tile of more sums than there are registers.
template <int Rows, int Panels, int Depth>
HWY_NOINLINE void wrong_large(float const* x, float const* weights, float* out) {
  multiply<Rows, Panels, Depth>(x, weights, out);
}
template void wrong_large<registers, 1, 64>(float const*, float const*, float*);

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
