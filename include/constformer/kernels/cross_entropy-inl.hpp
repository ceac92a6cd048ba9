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

/// Tokens of a piece: logits take vocab·272 floats, and gradients of the head are read and written once for so many
/// tokens.
inline constexpr int loss_tokens = 256;

/// Floats of a row of logitsᵀ: no power of two, whose rows would share sets of a cache.
inline constexpr std::size_t loss_stride = loss_tokens + panel_rows;

/// Ids whose logits are made, or turned, in one go: they stay in L2.
inline constexpr int loss_run = 1024;

/// Floats of a row of turned logits.
inline constexpr std::size_t turned_stride = loss_run + panel_rows;

/// Ids of a slab: sums over the vocabulary are made slab by slab, in order, whatever the workers, who share slabs.
constexpr int loss_slab(int vocab) { return HWY_MIN(padded((vocab + panel_rows - 1) / panel_rows), loss_run); }

/// Slabs of a vocabulary.
constexpr int loss_slabs(int vocab) { return (vocab + loss_slab(vocab) - 1) / loss_slab(vocab); }

/// Floats that the loss wants for all workers together: logits, three sums of each slab and token, turned logits.
constexpr std::size_t loss_scratch(int vocab) {
  return static_cast<std::size_t>(padded(vocab)) * loss_stride +
         3 * static_cast<std::size_t>(loss_slabs(vocab)) * loss_tokens + loss_tokens * turned_stride;
}

/// One head over a batch.
struct loss_head {
  float_rows x;                 ///< (tokens, d_model)
  float_rows weight;            ///< (vocab, d_model)
  float const* bias;            ///< (vocab), or null
  std::int32_t const* targets;  ///< (tokens); negative: none
  float_rows dx;                ///< (tokens, d_model); data null: no gradients are wanted
  float* dweight;               ///< (vocab, d_model), or null
  float* dbias;                 ///< (vocab), or null
  bool adds;                    ///< dweight and dbias are added to
  float share;                  ///< what each token counts: 1 / tokens that have a target
  float softcap;                ///< logits become cap·tanh(logit/cap); 0: they stay
  float smoothing;              ///< share of a target that is spread over all ids
};

/// How much a capped logit changes with what it was.
HWY_INLINE float_vec cap_slope(float cap, float_vec y) {
  float_tag const d;
  auto const t = hn::Mul(y, hn::Set(d, 1.0F / cap));
  return hn::NegMulAdd(t, t, hn::Set(d, 1.0F));
}

/// A head's loss, piece by piece, of matrices rounded to `Factor`; all workers call everything, each with a `loss_pass`
/// of its own.
template <class Factor>
class loss_pass {
 public:
  /// `shared` has `loss_scratch` floats, `own` product_scratch.
  loss_pass(worker const& self, loss_head const& head, float* shared, float* own)
      : self_(self),
        h_(head),
        vocab_(head.weight.rows),
        slab_(loss_slab(vocab_)),
        slabs_(loss_slabs(vocab_)),
        mine_(self.share(slabs_)),
        first_(mine_.begin * slab_),
        last_(HWY_MIN(mine_.end * slab_, vocab_)),
        spread_(head.smoothing / static_cast<float>(vocab_)),
        logits_(shared),
        peaks_(shared + static_cast<std::size_t>(padded(vocab_)) * loss_stride),
        sums_(peaks_ + static_cast<std::size_t>(slabs_) * loss_tokens),
        plain_(sums_ + static_cast<std::size_t>(slabs_) * loss_tokens),
        turned_(plain_ + static_cast<std::size_t>(slabs_) * loss_tokens),
        own_(own) {}

  /// The loss of all tokens.
  double run() {
    double loss = 0.0;
    for (token_ = 0; token_ < h_.x.rows; token_ += loss_tokens) {
      x_ = {h_.x.data + static_cast<std::size_t>(token_) * h_.x.stride, h_.x.stride,
            HWY_MIN(loss_tokens, h_.x.rows - token_), h_.x.columns};
      make_logits();
      self_.sync();
      for (int c = 0; c < x_.rows; ++c) loss += add_up(c);
      for (int c = x_.rows; c < loss_tokens; ++c) totals_[c] = 1e30F, counts_[c] = 0.0F;
      self_.sync();
      if (h_.dx.data == nullptr) continue;
      make_slopes();
      add_to_weight();
      self_.sync();
      for (int id = 0; id < vocab_; id += loss_run) add_to_inputs(id, HWY_MIN(loss_run, vocab_ - id));
    }
    return loss;
  }

 private:
  // Of logitsᵀ (vocab, loss_tokens).
  [[nodiscard]] float* row(int id) const { return logits_ + static_cast<std::size_t>(id) * loss_stride; }
  // map(logits of an id, place in the row) for the vectors of the piece, stored where they were.
  template <class Map>
  HWY_INLINE void for_logits(int first, int last, Map const& map) const {
    for (int id = first; id < last; ++id)
      for (int c = 0; c < x_.rows; c += lanes)
        hn::StoreU(map(hn::LoadU(float_tag(), row(id) + c), id, c), float_tag(), row(id) + c);
  }
  // op(sum, logit) over ids of a slab, for the tokens of a vector.
  template <class Op>
  HWY_INLINE float_vec over(int first, int last, int c, float_vec sum, Op const& op) const {
    for (int id = first; id < last; ++id) sum = op(sum, hn::LoadU(float_tag(), row(id) + c));
    return sum;
  }

  // Logits of this worker's ids, and their sums by slab while they are in L2.
  HWY_NOINLINE void make_logits() const {
    int const run = loss_run / slab_;
    for (int slab = mine_.begin; slab < mine_.end; slab += run) {
      int const end = HWY_MIN(slab + run, mine_.end), first = slab * slab_, last = HWY_MIN(end * slab_, vocab_);
      float_rows const w{h_.weight.data + static_cast<std::size_t>(first) * h_.weight.stride, h_.weight.stride,
                         last - first, h_.weight.columns};
      product<second_is::outputs, Factor>(w, x_, {row(first), loss_stride, padded(x_.rows), false, nullptr}, 0,
                                          padded(x_.rows) / panel_rows, own_);
      finish_logits(first, last);
      for (int s = slab; s < end; ++s) sum_slab(s);
    }
  }
  // Adds the bias, and caps.
  HWY_INLINE void finish_logits(int first, int last) const {
    float_tag const d;
    if (h_.bias != nullptr)
      for_logits(first, last, [&](float_vec y, int id, int) HWY_ATTR { return hn::Add(y, hn::Set(d, h_.bias[id])); });
    if (h_.softcap > 0.0F)
      for_logits(first, last, [&](float_vec y, int, int) HWY_ATTR {
        return hn::Mul(hn::Set(d, h_.softcap), tanh(d, hn::Mul(y, hn::Set(d, 1.0F / h_.softcap))));
      });
  }
  // Peak, sum of exponentials and sum of each token over the ids of a slab.
  HWY_INLINE void sum_slab(int slab) const {
    float_tag const d;
    int const first = slab * slab_, last = HWY_MIN(first + slab_, vocab_), at = slab * loss_tokens;
    for (int c = 0; c < x_.rows; c += lanes) {
      auto const peak =
          over(first, last, c, hn::Set(d, -1e30F), [](float_vec a, float_vec y) HWY_ATTR { return hn::Max(a, y); });
      auto const sum = over(first, last, c, hn::Zero(d), [peak](float_vec a, float_vec y) HWY_ATTR {
        return hn::Add(a, exp<true>(float_tag(), hn::Sub(y, peak)));
      });
      hn::StoreU(peak, d, peaks_ + at + c);
      hn::StoreU(sum, d, sums_ + at + c);
      if (h_.smoothing > 0.0F)
        hn::StoreU(over(first, last, c, hn::Zero(d), [](float_vec a, float_vec y) HWY_ATTR { return hn::Add(a, y); }),
                   d, plain_ + at + c);
    }
  }

  // The log-sum-exp of a token from the sums of its slabs; gives its loss.
  double add_up(int c) {
    float peak = peaks_[c];
    for (int s = 1; s < slabs_; ++s) peak = HWY_MAX(peak, peaks_[s * loss_tokens + c]);
    float sum = 0.0F;
    for (int s = 0; s < slabs_; ++s) sum += sums_[s * loss_tokens + c] * std::exp(peaks_[s * loss_tokens + c] - peak);
    totals_[c] = peak + std::log(sum);
    std::int32_t const target = h_.targets[token_ + c];
    counts_[c] = target < 0 ? 0.0F : h_.share;
    if (target < 0) return 0.0;
    float const y = row(target)[c];
    float of_all = 0.0F;
    for (int s = 0; h_.smoothing > 0.0F && s < slabs_; ++s) of_all += plain_[s * loss_tokens + c];
    float const t = h_.softcap > 0.0F ? y / h_.softcap : 0.0F;
    taken_[c] = (1.0F - h_.smoothing) * h_.share * (1.0F - t * t);
    return static_cast<double>(totals_[c] - (1.0F - h_.smoothing) * y - spread_ * of_all) *
           static_cast<double>(h_.share);
  }

  // Logits of this worker's ids become their gradients.
  HWY_NOINLINE void make_slopes() const {
    float_tag const d;
    for_logits(first_, last_, [&](float_vec y, int, int c) HWY_ATTR {
      auto const p = exp<true>(d, hn::Sub(y, hn::LoadU(d, totals_ + c)));
      auto const slope = hn::Mul(hn::Sub(p, hn::Set(d, spread_)), hn::LoadU(d, counts_ + c));
      return h_.softcap > 0.0F ? hn::Mul(slope, cap_slope(h_.softcap, y)) : slope;
    });
    for (int c = 0; c < x_.rows; ++c)
      if (std::int32_t const target = h_.targets[token_ + c]; target >= first_ && target < last_)
        row(target)[c] -= taken_[c];
  }

  // Gradients of the weight and bias of this worker's ids.
  HWY_NOINLINE void add_to_weight() const {
    if (last_ <= first_) return;
    bool const add = h_.adds || token_ > 0;
    auto const width = static_cast<std::size_t>(h_.weight.columns);
    if (h_.dweight != nullptr)
      product<second_is::depth, Factor>(
          {row(first_), loss_stride, last_ - first_, x_.rows}, x_,
          {h_.dweight + static_cast<std::size_t>(first_) * width, width, h_.weight.columns, add, nullptr}, 0,
          padded(h_.weight.columns) / panel_rows, own_);
    for (int id = first_; h_.dbias != nullptr && id < last_; ++id) {
      float const sum = sum_of(row(id), x_.rows, [](float_vec y) HWY_ATTR { return y; });
      h_.dbias[id] = add ? h_.dbias[id] + sum : sum;
    }
  }

  // Gradients of the inputs by ids [first, first + count), to which all workers belong.
  HWY_NOINLINE void add_to_inputs(int first, int count) const {
    work_range const columns = self_.share(x_.rows, panel_rows);
    float_rows const turned{turned_, turned_stride, x_.rows, count};
    transpose({row(first), loss_stride, count, x_.rows}, columns.begin, columns.end, turned);
    self_.sync();
    float_rows const w{h_.weight.data + static_cast<std::size_t>(first) * h_.weight.stride, h_.weight.stride, count,
                       h_.weight.columns};
    float* const dx = h_.dx.data + static_cast<std::size_t>(token_) * h_.dx.stride;
    share_product<second_is::depth, Factor>(self_, turned, w, {dx, h_.dx.stride, h_.dx.columns, first > 0, nullptr},
                                            h_.dx.columns, own_);
    self_.sync();
  }

  worker const& self_;
  loss_head const& h_;
  int vocab_, slab_, slabs_;
  work_range mine_;   // slabs
  int first_, last_;  // ids of these
  float spread_;      // what smoothing gives each id
  float* logits_;     // (vocab, loss_tokens)
  float* peaks_;      // (slabs, loss_tokens)
  float* sums_;       // alike, of exponentials
  float* plain_;      // alike, of logits
  float* turned_;     // (loss_tokens, loss_run)
  float* own_;
  int token_ = 0;              // first of the piece
  float_rows x_{};             // of the piece
  float totals_[loss_tokens];  // log-sum-exp of each token
  float counts_[loss_tokens];  // what each token counts
  float taken_[loss_tokens];   // from the gradient of the target's logit
};

/// Σ −log p(target)·share over tokens with a target, in order; if gradients are wanted, these too. All workers call it;
/// the result is every worker's. `shared` has `loss_scratch`, `own` product_scratch floats.
template <class Factor>
HWY_NOINLINE double cross_entropy(worker const& self, loss_head const& h, float* shared, float* own) {
  return loss_pass<Factor>(self, h, shared, own).run();
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
