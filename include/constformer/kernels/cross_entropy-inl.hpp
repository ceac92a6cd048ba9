// The loss of a vocabulary and its gradients in one go, over pieces of the batch, so that logits of all its tokens are
// never in memory at once.
#if defined(CONSTFORMER_KERNELS_CROSS_ENTROPY_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_CROSS_ENTROPY_INL_HPP
#undef CONSTFORMER_KERNELS_CROSS_ENTROPY_INL_HPP
#else
#define CONSTFORMER_KERNELS_CROSS_ENTROPY_INL_HPP
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Tokens of a piece: logits take vocab·128 floats, and gradients of the head are read and written once for so many
/// tokens.
inline constexpr int loss_tokens = 128;

/// Ids of a slab: sums over the vocabulary are made slab by slab, in order, whatever the workers.
inline constexpr int loss_slab = 1024;

/// Floats that the loss wants for all workers together: logits, and three sums of each slab and token.
constexpr std::size_t loss_scratch(int vocab) {
  std::size_t const slabs = static_cast<std::size_t>((vocab + loss_slab - 1) / loss_slab);
  return loss_tokens * (static_cast<std::size_t>(padded(vocab)) + 3 * slabs + 2 + loss_slab);
}

/// One head over a batch.
struct loss_head {
  float_rows x;                 ///< (tokens, d_model)
  float_rows weight;            ///< (vocab, d_model)
  float const* bias;            ///< (vocab), or null
  std::int32_t const* targets;  ///< (tokens); negative: none
  float_rows dx;                ///< (tokens, d_model); data null: no gradients are wanted
  float* dweight;               ///< (vocab, d_model)
  float* dbias;                 ///< (vocab), or null
  bool adds;                    ///< dweight and dbias are added to
  float share;                  ///< what each token counts: 1 / tokens that have a target
  float softcap;                ///< logits become cap·tanh(logit/cap); 0: they stay
  float smoothing;              ///< share of a target that is spread over all ids
};

/// Adds the bias to ids [first, last) of logitsᵀ (vocab, loss_tokens), and caps them.
HWY_INLINE void finish_logits(loss_head const& h, float* logits, int first, int last) {
  float_tag const d;
  if (h.bias == nullptr && h.softcap == 0.0F) return;
  for (int v = first; v < last; ++v) {
    float* const row = logits + static_cast<std::size_t>(v) * loss_tokens;
    auto const offset = hn::Set(d, h.bias == nullptr ? 0.0F : h.bias[v]);
    for (int c = 0; c < loss_tokens; c += lanes) {
      auto y = hn::Add(hn::LoadU(d, row + c), offset);
      if (h.softcap > 0.0F) y = hn::Mul(hn::Set(d, h.softcap), tanh(d, hn::Mul(y, hn::Set(d, 1.0F / h.softcap))));
      hn::StoreU(y, d, row + c);
    }
  }
}

/// How much a capped logit changes with what it was.
HWY_INLINE float_vec cap_slope(float cap, float_vec y) {
  float_tag const d;
  auto const t = hn::Mul(y, hn::Set(d, 1.0F / cap));
  return hn::NegMulAdd(t, t, hn::Set(d, 1.0F));
}

/// Peak, sum of exponentials and sum of each token over ids [first, last) of logitsᵀ (vocab, loss_tokens).
HWY_INLINE void slab_sums(float const* logits, int first, int last, float* peaks, float* sums, float* plain) {
  float_tag const d;
  for (int c = 0; c < loss_tokens; c += lanes) {
    if (plain != nullptr) {
      auto sum = hn::Zero(d);
      for (int v = first; v < last; ++v) sum = hn::Add(sum, hn::LoadU(d, logits + std::size_t(v) * loss_tokens + c));
      hn::StoreU(sum, d, plain + c);
    }
    auto peak = hn::Set(d, -1e30F);
    for (int v = first; v < last; ++v) peak = hn::Max(peak, hn::LoadU(d, logits + std::size_t(v) * loss_tokens + c));
    auto sum = hn::Zero(d);
    for (int v = first; v < last; ++v)
      sum = hn::Add(sum, exp<true>(d, hn::Sub(hn::LoadU(d, logits + std::size_t(v) * loss_tokens + c), peak)));
    hn::StoreU(peak, d, peaks + c);
    hn::StoreU(sum, d, sums + c);
  }
}

/// Σ −log p(target)·share over tokens with a target, in order; if gradients are wanted, these too. All workers call it;
/// the result is every worker's. `shared` has `loss_scratch`, `own` product_scratch floats.
HWY_NOINLINE inline double cross_entropy(worker const& self, loss_head const& h, float* shared, float* own) {
  float_tag const d;
  int const vocab = h.weight.rows;
  int const slabs = (vocab + loss_slab - 1) / loss_slab;
  float* const logits = shared;  // (vocab, loss_tokens)
  float* const peaks = logits + static_cast<std::size_t>(padded(vocab)) * loss_tokens;
  float* const sums = peaks + static_cast<std::size_t>(slabs) * loss_tokens;
  float* const plain = sums + static_cast<std::size_t>(slabs) * loss_tokens;
  float* const turned = plain + static_cast<std::size_t>(slabs) * loss_tokens;  // (loss_tokens, loss_slab)
  float const spread = h.smoothing / static_cast<float>(vocab);
  double loss = 0.0;
  for (int token = 0; token < h.x.rows; token += loss_tokens) {
    int const tokens = HWY_MIN(loss_tokens, h.x.rows - token);
    float_rows x = h.x;
    x.data += static_cast<std::size_t>(token) * x.stride;
    x.rows = tokens;
    work_range const mine = self.share(slabs);
    for (int s = mine.begin; s < mine.end; ++s) {
      int const first = s * loss_slab, last = HWY_MIN(first + loss_slab, vocab);
      float_rows w = h.weight;
      w.data += static_cast<std::size_t>(first) * w.stride;
      w.rows = last - first;
      float* const at = logits + static_cast<std::size_t>(first) * loss_tokens;
      product<second_is::outputs>(w, x, {at, loss_tokens, loss_tokens, false, nullptr}, 0, loss_tokens / panel_rows,
                                  own);
      finish_logits(h, logits, first, last);
      slab_sums(logits, first, last, peaks + s * loss_tokens, sums + s * loss_tokens,
                h.smoothing > 0.0F ? plain + s * loss_tokens : nullptr);
    }
    self.sync();
    float total[loss_tokens];  // log-sum-exp of each token
    float counts[loss_tokens];
    float taken[loss_tokens];  // from the gradient of the target's logit
    for (int c = 0; c < tokens; ++c) {
      float peak = peaks[c];
      for (int s = 1; s < slabs; ++s) peak = HWY_MAX(peak, peaks[s * loss_tokens + c]);
      float sum = 0.0F;
      for (int s = 0; s < slabs; ++s) sum += sums[s * loss_tokens + c] * std::exp(peaks[s * loss_tokens + c] - peak);
      total[c] = peak + std::log(sum);
      std::int32_t const target = h.targets[token + c];
      counts[c] = target < 0 ? 0.0F : h.share;
      if (target < 0) continue;
      float const y = logits[static_cast<std::size_t>(target) * loss_tokens + std::size_t(c)];
      float of_all = 0.0F;
      for (int s = 0; h.smoothing > 0.0F && s < slabs; ++s) of_all += plain[s * loss_tokens + c];
      loss += static_cast<double>(total[c] - (1.0F - h.smoothing) * y - spread * of_all) * static_cast<double>(h.share);
      float const t = h.softcap > 0.0F ? y / h.softcap : 0.0F;
      taken[c] = (1.0F - h.smoothing) * h.share * (1.0F - t * t);
    }
    for (int c = tokens; c < loss_tokens; ++c) total[c] = 1e30F, counts[c] = 0.0F;
    self.sync();
    if (h.dx.data == nullptr) continue;
    for (int s = mine.begin; s < mine.end; ++s)
      for (int v = s * loss_slab; v < HWY_MIN((s + 1) * loss_slab, vocab); ++v) {
        float* const row = logits + static_cast<std::size_t>(v) * loss_tokens;
        for (int c = 0; c < loss_tokens; c += lanes) {
          auto const y = hn::LoadU(d, row + c);
          auto const p = exp<true>(d, hn::Sub(y, hn::LoadU(d, total + c)));
          auto slope = hn::Mul(hn::Sub(p, hn::Set(d, spread)), hn::LoadU(d, counts + c));
          if (h.softcap > 0.0F) slope = hn::Mul(slope, cap_slope(h.softcap, y));
          hn::StoreU(slope, d, row + c);
        }
      }
    for (int c = 0; c < tokens; ++c)
      if (std::int32_t const target = h.targets[token + c];
          target >= mine.begin * loss_slab && target < mine.end * loss_slab)
        logits[static_cast<std::size_t>(target) * loss_tokens + std::size_t(c)] -= taken[c];
    int const first = mine.begin * loss_slab, last = HWY_MIN(mine.end * loss_slab, vocab);
    float_rows const mine_rows{logits + static_cast<std::size_t>(first) * loss_tokens, loss_tokens, last - first,
                               tokens};
    if (last > first) {
      bool const add = h.adds || token > 0;
      int const width = h.weight.columns;
      product<second_is::depth>(
          mine_rows, x,
          {h.dweight + static_cast<std::int64_t>(first) * width, static_cast<std::size_t>(width), width, add, nullptr},
          0, padded(width) / panel_rows, own);
      for (int v = first; h.dbias != nullptr && v < last; ++v) {
        float const sum =
            sum_of(logits + static_cast<std::size_t>(v) * loss_tokens, tokens, [](float_vec y) HWY_ATTR { return y; });
        h.dbias[v] = add ? h.dbias[v] + sum : sum;
      }
    }
    self.sync();
    float_rows dx = h.dx;
    dx.data += static_cast<std::size_t>(token) * dx.stride;
    for (int s = 0; s < slabs; ++s) {
      int const slab = HWY_MIN(loss_slab, vocab - s * loss_slab);
      float_rows const from{logits + static_cast<std::size_t>(s) * loss_slab * loss_tokens, loss_tokens, slab, tokens};
      work_range const columns = self.share(tokens, 16);
      transpose(from, columns.begin, columns.end, {turned, loss_slab, tokens, slab});
      self.sync();
      float_rows w = h.weight;
      w.data += static_cast<std::size_t>(s) * loss_slab * w.stride;
      w.rows = slab;
      share_product<second_is::depth>(self, {turned, loss_slab, tokens, slab}, w,
                                      {dx.data, dx.stride, dx.columns, s > 0, nullptr}, dx.columns, own);
      self.sync();
    }
  }
  return loss;
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
