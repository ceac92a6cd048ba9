// A traced forward pass that runs.
#if defined(CONSTFORMER_EXECUTE_FORWARD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_FORWARD_INL_HPP
#undef CONSTFORMER_EXECUTE_FORWARD_INL_HPP
#else
#define CONSTFORMER_EXECUTE_FORWARD_INL_HPP
#endif

#include <cstddef>
#include <span>

#include "hwy/highway.h"

#include "constformer/core/arena.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/execute/scratch-inl.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Runs `Program`, a `forward_program`, over parameters that lie elsewhere.
template <class Program>
class forward_pass {
 public:
  /// `parameters`, as `Program::parameters` lays them out, must outlive it.
  forward_pass(std::span<float> parameters, int threads) : team_(threads), memory_(bytes(team_.size())) {
    frame_ = {.parameters = parameters.data(),
              .arena = memory_.take<float>(static_cast<std::size_t>(Program::memory.floats)).data(),
              .shared = memory_.take<float>(scratch_of<Program>::shared).data()};
    own_ = memory_.take<float>(static_cast<std::size_t>(team_.size()) * own_floats).data();
  }

  /// Logits of a batch within the bounds: a row for each token, valid until the next call.
  float_rows run(token_batch const& batch) {
    team_.run([&](worker const& self) {
      frame f = frame_;
      f.own = own_ + static_cast<std::size_t>(self.index) * own_floats;
      f.batch = batch;
      run_program<Program>(self, f);
    });
    frame f = frame_;
    f.batch = batch;
    return step<Program, Program::graph.result>::all(f);
  }

 private:
  static constexpr std::size_t own_floats = arena::bytes_for<float>(scratch_of<Program>::own) / sizeof(float);

  static std::size_t bytes(int threads) {
    return arena::bytes_for<float>(static_cast<std::size_t>(Program::memory.floats)) +
           arena::bytes_for<float>(scratch_of<Program>::shared) +
           static_cast<std::size_t>(threads) * arena::bytes_for<float>(scratch_of<Program>::own);
  }

  team team_;
  arena memory_;
  frame frame_{};
  float* own_ = nullptr;
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
