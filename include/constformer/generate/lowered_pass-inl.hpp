// Rows through the phases that the traced graph of a config is lowered to.
#if defined(CONSTFORMER_GENERATE_LOWERED_PASS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_LOWERED_PASS_INL_HPP
#undef CONSTFORMER_GENERATE_LOWERED_PASS_INL_HPP
#else
#define CONSTFORMER_GENERATE_LOWERED_PASS_INL_HPP
#endif

#include <cstddef>
#include <span>

#include "hwy/highway.h"

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/weights_check.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/execute/lowered_frame.hpp"
#include "constformer/execute/lowered_program.hpp"
#include "constformer/execute/run_phases-inl.hpp"
#include "constformer/kernels/rope.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/batch_rows.hpp"
#include "constformer/layers/stage.hpp"
#include "constformer/layers/transformer.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// How a `config_executor` takes rows through the phases of a config's traced model: decoders alone. It reads the
/// packed file that `staged_pass` reads; that the graph orders weights in the same way is checked when it compiles.
template <config const& Config>
class lowered_pass {
 public:
  /// The phases, and where everything lies.
  using program = lowered_program<model_parameters<Config>, build_choice_of(Config)>;
  static_assert(weights_fit<program, Config>::value);

 private:
  using phases = lowered_phases<program>;
  static constexpr lowered_extents extents_of(stage_extents const& e) { return {e.workers, e.blocks, e.rows}; }

 public:
  /// Cuts its parts from `memory`; `reading` is the check of weights that nobody has checked, or null.
  lowered_pass(arena& memory, std::byte const* weights, stage_extents const& e, first_reading* reading)
      : frame_(make_frame<program>(memory, weights, extents_of(e))),
        scratch_(memory.take<std::byte>(static_cast<std::size_t>(e.workers) * phases::scratch_bytes)) {
    frame_.reading = reading;
    // Those of longrope are chosen by the capacity, as `staged_pass` does.
    set_frequencies<0>(0, 1, e.capacity);
  }

  /// Of memory that it takes, the cache included.
  [[nodiscard]] static constexpr std::size_t bytes(stage_extents const& e) {
    return bytes_of_frame<program>(extents_of(e)).all +
           arena::bytes_for<std::byte>(static_cast<std::size_t>(e.workers) * phases::scratch_bytes);
  }
  /// Of these, what keys and values take.
  [[nodiscard]] static constexpr std::size_t cache_bytes(stage_extents const& e) {
    return bytes_of_frame<program>(extents_of(e)).cache;
  }

  /// Rows [row, row + count) will be of a text of `length` tokens.
  void reach([[maybe_unused]] int row, [[maybe_unused]] int count, [[maybe_unused]] int length) {
    if constexpr (program::adapts) set_frequencies<0>(row, count, length);
  }
  /// The rows of the next pass.
  void set_rows(batch_rows const& rows) { static_cast<batch_rows&>(frame_) = rows; }
  /// The check of weights is over.
  void forget_reading() { frame_.reading = nullptr; }

  /// This worker's share of all phases for all rows.
  void forward(worker const& self) const {
    make_rotations<program>(self, frame_);
    phases::template run<0, program::head>(self, frame_, own(self));
  }
  /// This worker's share of the logits of rows [first, first + count).
  void logits(worker const& self, int first, int count, float* out) const {
    lowered_frame<program> f = frame_;
    f.first = first;
    f.rows = count;
    f.result = out;
    phases::template run<program::head, program::phases>(self, f, own(self));
  }
  /// This worker's share of the norm behind the last block, in place.
  void norm_rows(worker const& self) const {
    constexpr int norm = program::phase_at(program::head).norm;
    if constexpr (norm >= 0) {
      work_range const mine = self.share(frame_.rows);
      for (int row = mine.begin; row < mine.end; ++row)
        norm_by_node<program, norm>(frame_, 0, this->row(row), this->row(row));
    }
  }

  /// What rows work on.
  [[nodiscard]] lowered_frame<program> const& view() const { return frame_; }
  /// A row of the residual stream.
  [[nodiscard]] float* row(int row) const {
    return frame_.template value<program::stream>() +
           static_cast<std::size_t>(row) * lowered_frame<program>::template stride<program::stream>;
  }

 private:
  // Of rows [row, row + count) of a text of `length` tokens, where its length decides them; of the others once.
  template <std::size_t Rotation>
  void set_frequencies(int row, int count, int length) {
    if constexpr (Rotation < program::graph.rotations.size()) {
      constexpr rope_config const& rope = program::graph.rotations[Rotation];
      if constexpr (program::rotation_of(Rotation) == Rotation)
        for (int i = row; i < row + count; ++i)
          if (rope.scaling == rope_scaling_kind::dynamic || !started_)
            rope_frequencies(rope, length, frame_.template frequencies_of<Rotation>(i));
      set_frequencies<Rotation + 1>(row, count, length);
    } else {
      started_ = true;
    }
  }

  [[nodiscard]] void* own(worker const& self) const {
    return scratch_.data() + static_cast<std::size_t>(self.index) * phases::scratch_bytes;
  }

  lowered_frame<program> frame_;
  std::span<std::byte> scratch_;  // (workers, scratch_bytes)
  bool started_ = false;          // frequencies that no length changes are there
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
