// expect: matmul: finish is store, which takes no (int row, int column, float_vec sums)
#include "hwy/highway.h"

#include "constformer/kernels/matmul-inl.hpp"

namespace kernels = constformer::HWY_NAMESPACE;

struct store {
  float* out;
#ifdef CF_TWIN
  HWY_INLINE void operator()(int row, int column, kernels::float_vec sums) const {
    kernels::hn::StoreU(sums, kernels::float_tag(), out + row * 16 + column);
  }
#else
  void operator()(int row, int column) const { out[row * 16 + column] = 0.0F; }
#endif
};

void multiply(float const* x, float const* weight, float* out) {
  kernels::matmul(x, 16, 4, weight, kernels::fixed<16>{}, kernels::fixed<1>{}, 0, 1, store{out});
}
