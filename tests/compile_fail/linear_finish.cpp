// expect: matmul: finish is store, which takes no (int row, int column, float_vec sums)
#include "hwy/highway.h"

#include "constformer/config/families.hpp"
#include "constformer/layers/linear-inl.hpp"

namespace kernels = constformer::HWY_NAMESPACE;

inline constexpr constformer::config model = constformer::llama(
    {.layers = 1, .d_model = 16, .heads = 2, .kv_heads = 1, .d_ff = 16, .vocab = 32, .positions = 64});

struct store {
  float* out;
#ifdef CF_TWIN
  HWY_INLINE void operator()(int row, int column, kernels::float_vec sums) const {
    kernels::hn::StoreU(sums, kernels::float_tag(), out + row * 16 + column);
  }
#else
  void operator()(float sum) const { *out = sum; }
#endif
};

void multiply(constformer::worker const& self, constformer::stage const& s, std::byte const* weight,
              kernels::matrix_rows x, float* out) {
  kernels::linear_forward<model, constformer::dtype::f32, 16, 16>(self, s, weight, x, 4, store{out});
}
