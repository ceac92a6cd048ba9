// The encoder's side of a session.
#if defined(CONSTFORMER_GENERATE_SOURCE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_SOURCE_INL_HPP
#undef CONSTFORMER_GENERATE_SOURCE_INL_HPP
#else
#define CONSTFORMER_GENERATE_SOURCE_INL_HPP
#endif

#include <cstddef>
#include <numeric>
#include <span>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/kernels/relative.hpp"
#include "constformer/kernels/sinusoid.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/batch_table.hpp"
#include "constformer/layers/stage.hpp"
#include "constformer/layers/transformer-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The tables of positions that are no parameters: made once, sinusoids as far as a session gets.
template <config const& Config>
class position_tables {
 public:
  /// Biases of all distances within the capacity, from the table in the weights.
  static void start([[maybe_unused]] stage const& s, [[maybe_unused]] int capacity) {
    if constexpr (Config.position == position_kind::relative) {
      constexpr packed_layout place = packed_layout_of(Config);
      bool const ahead = Config.mask == mask_kind::bidirectional;
      fill_relative(Config.relative, Config.mask, Config.heads, floats_at(s.weights, place.relative),
                    padded(Config.heads), 1 - capacity, ahead ? capacity - 1 : 0, s.relative, s.relative_stride);
    }
  }

  /// Rows of positions below `length`.
  void reach([[maybe_unused]] stage const& s, [[maybe_unused]] int length) {
    if constexpr (is_sinusoid(Config.position)) {
      constexpr std::size_t stride = padded(Config.d_model);
      for (; reached_ < length; ++reached_)
        sinusoid_row(Config.position, reached_,
                     {s.sinusoids + static_cast<std::size_t>(reached_) * stride, std::size_t{Config.d_model}});
    }
  }

 private:
  int reached_ = 0;
};

/// What an encoder-decoder session has beside its decoder: the encoder and its stage.
template <config const& Config, bool = has_encoder(Config)>
class source_part {
  using encoder_layer = transformer_layer<encoder_part<Config>, Config>;
  using scratch = typename encoder_layer::scratch;

 public:
  /// Of memory that it takes.
  [[nodiscard]] static constexpr std::size_t bytes(int workers, int capacity) {
    stage_extents const e = stage_extents::of(encoder_part<Config>, workers, capacity);
    stage_plan const plan = stage_plan::of(encoder_part<Config>, e);
    return plan.cache_bytes() + plan.activation_bytes() + batch_table::bytes(e.rows) +
           arena::bytes_for<int>(blocks_for(capacity)) + arena::bytes_for<scratch>(static_cast<std::size_t>(workers)) +
           arena::bytes_for<float>(static_cast<std::size_t>(capacity));
  }

  /// Cuts its parts from `memory`; `weights` are those of the whole model.
  source_part(arena& memory, std::byte const* weights, int workers, int capacity)
      : extents_(stage_extents::of(encoder_part<Config>, workers, capacity)),
        stage_(stage_plan::of(encoder_part<Config>, extents_)
                   .cut(memory, weights + packed_layout_of(Config).encoder, extents_)),
        batch_(memory, extents_.rows),
        blocks_(memory.take<int>(blocks_for(capacity))),
        scratch_(memory.take<scratch>(static_cast<std::size_t>(workers))),
        attention_(memory.take<float>(static_cast<std::size_t>(capacity))) {
    std::iota(blocks_.begin(), blocks_.end(), 0);
    tables_.start(stage_, capacity);
  }

  /// Encodes `ids`, at most the capacity, and leaves keys and values for all cross-attention in the decoder's stage.
  void encode(team& workers, std::span<int const> ids, stage& decoder) {
    tables_.reach(stage_, static_cast<int>(ids.size()));
    batch_.clear();
    batch_.add(ids, 0, blocks_.data());
    static_cast<batch_rows&>(stage_) = batch_.view();
    decoder.source_blocks = blocks_.data();
    decoder.source_count = stage_.rows;
    workers.run_some([&](worker const& self) {
      encoder_layer::forward(self, stage_, scratch_[static_cast<std::size_t>(self.index)]);
      cross_attention_layer<Config>::keep_source(self, decoder, encoder_layer::output(self, stage_));
    });
    decoder.rows = 0;
  }

  /// What a row of the decoder's last pass attends to, in its last layer; a weight per token of the source.
  std::span<float const> attention(stage const& decoder, int row) {
    auto const out = attention_.first(static_cast<std::size_t>(decoder.source_count));
    cross_attention_layer<Config>::weigh_source(decoder, Config.layers - 1, row, out);
    return out;
  }

 private:
  static constexpr std::size_t blocks_for(int capacity) {
    return static_cast<std::size_t>(padded(capacity) / panel_rows);
  }

  stage_extents extents_;
  stage stage_;
  batch_table batch_;
  std::span<int> blocks_;  // 0, 1, 2, …
  std::span<scratch> scratch_;
  std::span<float> attention_;  // (capacity)
  position_tables<encoder_part<Config>> tables_;
};

/// A model without an encoder has nothing of it.
template <config const& Config>
class source_part<Config, false> {
 public:
  /// None.
  [[nodiscard]] static constexpr std::size_t bytes(int, int) { return 0; }
  /// Takes nothing.
  source_part(arena&, std::byte const*, int, int) {}
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
