// A traced forward pass that runs.
#if defined(CONSTFORMER_EXECUTE_FORWARD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_FORWARD_INL_HPP
#undef CONSTFORMER_EXECUTE_FORWARD_INL_HPP
#else
#define CONSTFORMER_EXECUTE_FORWARD_INL_HPP
#endif

#include <span>

#include "hwy/highway.h"

#include "constformer/core/arena.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/execute/judge_batch.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/execute/run_program-inl.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/execute/workspace-inl.hpp"
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
  forward_pass(std::span<float> parameters, int threads)
      : team_(threads),
        memory_(workspace<Program>::bytes(team_.size())),
        workspace_(memory_, team_.size()),
        parameters_(parameters.data()) {}

  /// What the program computes of a batch within the bounds, a row for each of its own: valid until the next call.
  /// Throws `error` if it does not fit them.
  float_rows run(token_batch const& batch) {
    judge_batch(Program::graph, Program::bounds, batch);
    workspace_.prepare(batch);
    float_rows out{};
    team_.run([&](worker const& self) {
      pass_frame f = workspace_.frame_of(self, batch);
      f.parameters = parameters_;
      run_program<Program>(self, f);
      if (self.index == 0) out = step<Program, Program::graph.result>::all(f);
    });
    return out;
  }

 private:
  team team_;
  arena memory_;
  workspace<Program> workspace_;
  float* parameters_;
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
