// The whole stack over a stage, and what stands on top of it.
#if defined(CONSTFORMER_LAYERS_TRANSFORMER_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_TRANSFORMER_INL_HPP
#undef CONSTFORMER_LAYERS_TRANSFORMER_INL_HPP
#else
#define CONSTFORMER_LAYERS_TRANSFORMER_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/layers/block-inl.hpp"
#include "constformer/layers/embedding-inl.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// One stack of `Config`, decoder or encoder; `Tokens` is the config whose token embedding it reads.
template <config const& Config, config const& Tokens = Config>
class transformer_layer {
  static constexpr packed_layout place = packed_layout_of(Config);
  static constexpr std::size_t stride = padded(Config.d_model);

  // Rows of the stream, each always with the same worker: visit(row of x, its offset in floats).
  template <class Visit>
  static HWY_INLINE void each_row(worker const& self, stage const& s, Visit const& visit) {
    work_range const mine = self.share(s.rows);
    for (int row = mine.begin; row < mine.end; ++row)
      visit(s.x + static_cast<std::size_t>(row) * stride, static_cast<std::size_t>(row) * stride);
  }

  // x = r·x + e·x₀, with a barrier after.
  static HWY_INLINE void mix_first(worker const& self, stage const& s, int layer) {
    float const kept = floats_at(s.weights, place.residual_gains)[layer];
    float const added = floats_at(s.weights, place.embedding_gains)[layer];
    each_row(self, s, [&](float* x, std::size_t at) {
      for (std::size_t k = 0; k < Config.d_model; ++k) x[k] = kept * x[k] + added * s.first[at + k];
    });
    self.sync();
  }

  // x −= b·halfway, with a barrier after.
  static HWY_INLINE void take_back(worker const& self, stage const& s) {
    float const gain = *floats_at(s.weights, place.backout_gain);
    each_row(self, s, [&](float* x, std::size_t at) {
      for (std::size_t k = 0; k < Config.d_model; ++k) x[k] -= gain * s.halfway[at + k];
    });
    self.sync();
  }

 public:
  /// What each worker needs of its own.
  using scratch = typename block_layer<Config>::scratch;

  /// Takes the rows of `s` through embedding and blocks; x holds the result (post: normed).
  static HWY_NOINLINE void forward(worker const& self, stage const& s, scratch& mine) {
    embedding_layer<Config, Tokens>::forward(self, s);
    for (int layer = 0; layer < Config.layers; ++layer) {
      if constexpr (Config.residual_gains) mix_first(self, s, layer);
      block_layer<Config>::forward(self, s, mine, layer);
      if constexpr (Config.backout)
        if (layer == Config.layers / 2)
          each_row(self, s, [&](float const* x, std::size_t at) {
            for (std::size_t k = 0; k < Config.d_model; ++k) s.halfway[at + k] = x[k];
          });
    }
    if constexpr (Config.backout) take_back(self, s);
  }

  /// The rows of `s` after `forward`, with the norm that follows the last block (pre): what a decoder looks at.
  static HWY_INLINE matrix_rows output(worker const& self, stage const& s) {
    if constexpr (Config.place != norm_place::post)
      return normed_rows<Config>(self, s, norm_weights_at<Config>(s.weights, place.final_norm, place.final_norm_bias));
    return {s.x, stride};
  }

  /// x = what `output` gives: hidden states as the result.
  static HWY_NOINLINE void norm_rows(worker const& self, stage const& s) {
    if constexpr (Config.place != norm_place::post)
      normalize_stream<Config>(self, s, norm_weights_at<Config>(s.weights, place.final_norm, place.final_norm_bias));
  }

  /// logits (rows, vocab padded to panels) of rows [first, first + rows) of x.
  static HWY_NOINLINE void logits(worker const& self, stage s, int first, int rows, float* out) {
    s.x += static_cast<std::size_t>(first) * stride;
    s.rows = rows;
    matrix_rows const input = output(self, s);
    using to_logits = logit_sums<Config.logit_scale != 1.0F, Config.bias_head, (Config.logit_softcap > 0.0F)>;
    linear_forward<Config, type_of(Config, weight_kind::head), Config.vocab, Config.d_model>(
        self, s, s.weights + place.head, input, rows,
        to_logits{{out, padded(Config.vocab)},
                  floats_at(s.weights, place.head_bias),
                  Config.logit_scale,
                  Config.logit_softcap});
  }

  /// The same of a masked language model: logits = W·norm(act(T·x + t)) + b, with T (d_model, d_model). Overwrites
  /// s.normed.
  static HWY_NOINLINE void fill(worker const& self, stage s, int first, int rows, float* out) {
    s.x += static_cast<std::size_t>(first) * stride;
    s.rows = rows;
    activate_sums<Config.activation, true> const to_transformed{{s.normed, stride},
                                                                floats_at(s.weights, place.head_transform_bias)};
    linear_forward<Config, Config.weights, Config.d_model, Config.d_model>(self, s, s.weights + place.head_transform,
                                                                           {s.x, stride}, rows, to_transformed);
    self.sync();
    s.x = s.normed;
    normalize_stream<Config>(self, s, norm_weights_at<Config>(s.weights, place.head_norm, place.head_norm_bias));
    store_sums<true> const to_logits{{out, padded(Config.vocab)}, floats_at(s.weights, place.head_bias)};
    linear_forward<Config, type_of(Config, weight_kind::head), Config.vocab, Config.d_model>(
        self, s, s.weights + place.head, {s.normed, stride}, rows, to_logits);
  }

  /// out (rows, labels padded to panels) = W·in + b, `in` being rows of x or one pooled row (rows, d_model).
  static HWY_NOINLINE void classify(worker const& self, stage const& s, float* in, int rows, float* out) {
    store_sums<true> const to_labels{{out, padded(Config.labels)}, floats_at(s.weights, place.classifier_bias)};
    linear_forward<Config, Config.weights, Config.labels, Config.d_model>(self, s, s.weights + place.classifier,
                                                                          {in, stride}, rows, to_labels);
  }

  /// out (d_model) = act(W·x + b) of a row x, the first one of a text.
  static HWY_NOINLINE void pool(worker const& self, stage const& s, float* x, float* out) {
    activate_sums<Config.pooler_activation, true> const to_pooled{{out, stride},
                                                                  floats_at(s.weights, place.pooler_bias)};
    linear_forward<Config, Config.weights, Config.d_model, Config.d_model>(self, s, s.weights + place.pooler,
                                                                           {x, stride}, 1, to_pooled);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
