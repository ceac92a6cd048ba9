// Rows through the hand-made layers of a config: a stage, and what stands beside it.
#if defined(CONSTFORMER_GENERATE_STAGED_PASS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_STAGED_PASS_INL_HPP
#undef CONSTFORMER_GENERATE_STAGED_PASS_INL_HPP
#else
#define CONSTFORMER_GENERATE_STAGED_PASS_INL_HPP
#endif

#include <algorithm>
#include <cstddef>
#include <span>

#include "hwy/highway.h"

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/generate/source-inl.hpp"
#include "constformer/kernels/rope.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/batch_rows.hpp"
#include "constformer/layers/stage.hpp"
#include "constformer/layers/transformer-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// How a `config_executor` takes rows through the layers of any config.
template <config const& Config>
class staged_pass {
  using layer = transformer_layer<checked<Config>()>;
  using scratch = typename layer::scratch;
  static constexpr bool dynamic =
      Config.position == position_kind::rotary && Config.rope.scaling == rope_scaling_kind::dynamic;
  static constexpr std::size_t width = padded(Config.d_model);

 public:
  /// Cuts its parts from `memory`; `reading` is the check of weights that nobody has checked, or null.
  staged_pass(arena& memory, std::byte const* weights, stage_extents const& e, first_reading* reading)
      : stage_(stage_plan::of(Config, e).cut(memory, weights, e)),
        source_(memory, weights, e.workers, e.capacity),
        scratch_(memory.take<scratch>(static_cast<std::size_t>(e.workers))) {
    stage_.reading = reading;
    tables_.start(stage_, e.capacity);
    if constexpr (Config.position == position_kind::rotary && !dynamic)
      // That of longrope is chosen by the capacity, not by the length as transformers does, which reads a text anew
      // when it grows beyond the trained length.
      rope_frequencies(Config.rope, e.capacity, {stage_.frequencies, stage_plan::of(Config, e).frequencies});
  }

  /// Of memory that it takes, the cache included.
  [[nodiscard]] static constexpr std::size_t bytes(stage_extents const& e) {
    stage_plan const plan = stage_plan::of(Config, e);
    return plan.cache_bytes() + plan.activation_bytes() + source_part<Config>::bytes(e.workers, e.capacity) +
           arena::bytes_for<scratch>(static_cast<std::size_t>(e.workers));
  }
  /// Of these, what keys and values take.
  [[nodiscard]] static constexpr std::size_t cache_bytes(stage_extents const& e) {
    return stage_plan::of(Config, e).cache_bytes();
  }

  /// Rows [row, row + count) will be of a text of `length` tokens.
  void reach([[maybe_unused]] int row, [[maybe_unused]] int count, int length) {
    tables_.reach(stage_, length);
    if constexpr (dynamic) set_frequencies(row, count, length);
  }
  /// The rows of the next pass.
  void set_rows(batch_rows const& rows) { static_cast<batch_rows&>(stage_) = rows; }
  /// The check of weights is over.
  void forget_reading() { stage_.reading = nullptr; }

  /// This worker's share of embedding and blocks.
  void forward(worker const& self) const {
    layer::forward(self, stage_, scratch_[static_cast<std::size_t>(self.index)]);
  }
  /// This worker's share of the logits of rows [first, first + count).
  void logits(worker const& self, int first, int count, float* out) const {
    layer::logits(self, stage_, first, count, out);
  }
  /// This worker's share of the norm behind the last block, in place.
  void norm_rows(worker const& self) const { layer::norm_rows(self, stage_); }

  /// What rows work on.
  [[nodiscard]] stage const& view() const { return stage_; }
  /// A row of the residual stream.
  [[nodiscard]] float* row(int row) const { return stage_.x + static_cast<std::size_t>(row) * width; }

  /// Encodes a source, which all rows attend to from now on.
  void encode_source(team& workers, std::span<int const> ids) { source_.encode(workers, ids, stage_); }
  /// What a row of the last pass attends to in the source.
  std::span<float const> source_attention(int row) { return source_.attention(stage_, row); }

 private:
  // Dynamic scaling follows the length of the whole context.
  void set_frequencies(int row, int count, int length) {
    constexpr std::size_t each = Config.rope.rotary_dims / Config.rope.planes / 2;
    float* const first = stage_.frequencies + static_cast<std::size_t>(row) * each;
    rope_frequencies(Config.rope, length, {first, each});
    for (std::size_t i = 1; i < static_cast<std::size_t>(count); ++i) std::copy_n(first, each, first + i * each);
  }

  stage stage_;
  [[no_unique_address]] source_part<Config> source_;
  [[no_unique_address]] position_tables<Config> tables_;
  std::span<scratch> scratch_;
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
