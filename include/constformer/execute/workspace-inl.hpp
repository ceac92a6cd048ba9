// The memory that a program runs in.
#if defined(CONSTFORMER_EXECUTE_WORKSPACE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_WORKSPACE_INL_HPP
#undef CONSTFORMER_EXECUTE_WORKSPACE_INL_HPP
#else
#define CONSTFORMER_EXECUTE_WORKSPACE_INL_HPP
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/core/arena.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/execute/scratch-inl.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/execute/tables.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What `Program` needs besides parameters and gradients: values, for which there are at least `Least` floats, tables,
/// and room for one node at a time.
template <class Program, std::int64_t Least = 0>
class workspace {
 public:
  /// Floats for values.
  static constexpr auto floats = static_cast<std::size_t>(std::max(Program::memory.floats, Least));

  /// Bytes of an arena that it takes.
  [[nodiscard]] static constexpr std::size_t bytes(int threads) {
    return arena::bytes_for<float>(floats) + arena::bytes_for<float>(tables::floats) +
           arena::bytes_for<float>(scratch_of<Program>::shared) +
           static_cast<std::size_t>(threads) * arena::bytes_for<float>(scratch_of<Program>::own);
  }

  /// Takes them; throws std::bad_alloc if `memory` holds less. Of tables the first `filled` positions are filled.
  workspace(arena& memory, int threads, int filled = Program::bounds.longest())
      : tables_(memory.take<float>(tables::floats).data()),
        frame_{.arena = memory.take<float>(floats).data(),
               .tables = tables_,
               .shared = memory.take<float>(scratch_of<Program>::shared).data()},
        own_(memory.take<float>(static_cast<std::size_t>(threads) * own_floats).data()) {
    fill(0, filled, Program::bounds.longest());
  }

  /// Fills positions [first, last) of the tables for sequences of `length` tokens.
  void fill(int first, int last, int length) {
    tables::fill(tables_, length, static_cast<std::size_t>(first), static_cast<std::size_t>(last));
  }

  /// Looks at a batch before it runs: rotations may depend on its longest sequence.
  void prepare(token_batch const& batch) {
    if constexpr (tables::adapts) tables::fill(tables_, batch.longest());
  }

  /// What worker `self` runs the program with; parameters, gradients and all of a pass are the caller's.
  [[nodiscard]] pass_frame frame_of(worker const& self, token_batch const& batch) const {
    pass_frame f = frame_;
    f.own = own_ + static_cast<std::size_t>(self.index) * own_floats;
    f.batch = batch;
    return f;
  }

 private:
  using tables = program_tables<Program>;
  static constexpr std::size_t own_floats = arena::bytes_for<float>(scratch_of<Program>::own) / sizeof(float);

  float* tables_;
  pass_frame frame_;
  float* own_;
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
