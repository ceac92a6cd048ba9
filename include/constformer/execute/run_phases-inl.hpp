// Runs a lowered graph: phase after phase, loops as loops. All workers call everything, each does its share.
#if defined(CONSTFORMER_EXECUTE_RUN_PHASES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_RUN_PHASES_INL_HPP
#undef CONSTFORMER_EXECUTE_RUN_PHASES_INL_HPP
#else
#define CONSTFORMER_EXECUTE_RUN_PHASES_INL_HPP
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/execute/attend_phase-inl.hpp"
#include "constformer/execute/lowered_frame.hpp"
#include "constformer/execute/product_phase-inl.hpp"
#include "constformer/execute/rows_phase-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The phases of `Program`.
template <class Program>
class lowered_phases {
  using frame = lowered_frame<Program>;

  template <int Phase>
  static constexpr std::size_t scratch_of_phase() {
    if constexpr (Phase == Program::phases)
      return 0;
    else if constexpr (Program::phase_at(Phase).kind == phase_kind::attend)
      return std::max(sizeof(typename attend_phase<Program, Phase>::scratch), scratch_of_phase<Phase + 1>());
    else
      return scratch_of_phase<Phase + 1>();
  }

  template <int Phase, bool Starts = false>
  static HWY_INLINE void one(worker const& self, frame const& f, void* mine, int layer) {
    constexpr phase const& p = Program::phase_at(Phase);
    if constexpr (p.meets && !Starts) self.sync();
    if constexpr (p.kind == phase_kind::rows) rows_phase<Program, Phase>::run(self, f, layer);
    if constexpr (p.kind == phase_kind::product) product_phase<Program, Phase>::run(self, f, layer);
    if constexpr (p.kind == phase_kind::attend) attend_phase<Program, Phase>::run(self, f, mine, layer);
  }

  // Phases [First, Last), none of them in a loop of its own.
  template <int First, int Last>
  static HWY_INLINE void in_order(worker const& self, frame const& f, void* mine, int layer) {
    if constexpr (First < Last) {
      one<First>(self, f, mine, layer);
      in_order<First + 1, Last>(self, f, mine, layer);
    }
  }
  // All of one layer.
  template <int First, int Last>
  static HWY_NOINLINE void layer_of(worker const& self, frame const& f, void* mine, int layer) {
    in_order<First, Last>(self, f, mine, layer);
  }

  static constexpr int end_of_loop(int first) {
    int last = first;
    while (last < Program::phases && Program::phase_at(last).loop == Program::phase_at(first).loop) ++last;
    return last;
  }

 public:
  /// Bytes that each worker needs of its own, whole cache lines.
  static constexpr std::size_t scratch_bytes = (scratch_of_phase<0>() + 63) / 64 * 64;

  /// Phases [First, Last); `mine` are `scratch_bytes` of this worker's own. Workers have met before the first, if it
  /// is in no loop.
  template <int First, int Last, bool Starts = true>
  static HWY_INLINE void run(worker const& self, frame const& f, void* mine) {
    if constexpr (First < Last) {
      constexpr int loop = Program::phase_at(First).loop;
      if constexpr (loop < 0) {
        one<First, Starts>(self, f, mine, 0);
        run<First + 1, Last, false>(self, f, mine);
      } else {
        constexpr int end = end_of_loop(First);
        for (int layer = 0; layer < Program::graph.loops[loop].layers; ++layer)
          layer_of<First, end>(self, f, mine, layer);
        run<end, Last, false>(self, f, mine);
      }
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
