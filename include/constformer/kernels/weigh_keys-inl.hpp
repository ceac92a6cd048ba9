// What one query attends to, told by weights.
#if defined(CONSTFORMER_KERNELS_WEIGH_KEYS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_WEIGH_KEYS_INL_HPP
#undef CONSTFORMER_KERNELS_WEIGH_KEYS_INL_HPP
#else
#define CONSTFORMER_KERNELS_WEIGH_KEYS_INL_HPP
#endif

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"

#include "constformer/kernels/flash_attention-inl.hpp"
#include "constformer/kernels/gradients-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// out (rules.keys) = the weights that a query (head_dim) of the first head, at `position`, has for the keys (keys,
/// kv_heads, head_dim): 0 for those that it does not see.
HWY_INLINE void weigh_keys(score_rules const& rules, attention_extents const& e, float const* query, float const* keys,
                           std::size_t stride, int position, float* out) {
  key_range const seen = rules.visible(position);
  mask_kind const mask = rules.causal ? mask_kind::causal : mask_kind::bidirectional;
  float most = -INFINITY, total = 0.0F;
  for (int key = seen.begin; key < seen.end; ++key) {
    float s = rules.factor * sum_of_pairs(query, keys + static_cast<std::size_t>(key) * stride, e.head_dim,
                                          [](float_vec x, float_vec y) HWY_ATTR { return hn::Mul(x, y); });
    if (rules.softcap > 0.0F) s = rules.softcap * std::tanh(s / rules.softcap);
    if (rules.biased) s += rules.table[relative_bucket(rules.buckets, mask, key - position) * e.heads];
    out[key] = s;
    most = HWY_MAX(most, s);
  }
  for (int key = seen.begin; key < seen.end; ++key) total += out[key] = std::exp(out[key] - most);
  for (int key = 0; key < rules.keys; ++key) out[key] = key < seen.begin || key >= seen.end ? 0.0F : out[key] / total;
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
