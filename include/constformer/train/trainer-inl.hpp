// A model that learns: memory for everything, taken once, and steps over it.
#if defined(CONSTFORMER_TRAIN_TRAINER_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_TRAIN_TRAINER_INL_HPP
#undef CONSTFORMER_TRAIN_TRAINER_INL_HPP
#else
#define CONSTFORMER_TRAIN_TRAINER_INL_HPP
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "hwy/highway.h"

#include "constformer/core/arena.hpp"
#include "constformer/core/error.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/execute/workspace-inl.hpp"
#include "constformer/core/random.hpp"
#include "constformer/kernels/adamw-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/train/groups.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Trains `Program::model` by AdamW, its parameters in `Groups`. The same bits for any number of threads.
template <class Program, auto const& Groups>
class trainer {
 public:
  using model = typename Program::model;  ///< what learns
  using groups = grouped<model, Groups>;  ///< which parameters which options move

  /// Bytes that a trainer takes, all of them when it is made.
  [[nodiscard]] static constexpr std::size_t bytes(int threads) {
    return arena::bytes_for<float>(static_cast<std::size_t>(4 * Program::parameters.floats)) +
           workspace<Program>::bytes(threads);
  }

  std::uint64_t seed = 0;  ///< of dropout

  /// Parameters and moments are 0.
  explicit trainer(int threads) : team_(threads), memory_(bytes(team_.size())), workspace_(memory_, team_.size()) {
    auto const all = static_cast<std::size_t>(Program::parameters.floats);
    parameters_ = memory_.take<float>(4 * all).data();
    gradients_ = parameters_ + all;
    mean_ = gradients_ + all;
    square_ = mean_ + all;
  }

  /// All of them, as `Program::parameters` lays them out.
  [[nodiscard]] std::span<float> parameters() {
    return {parameters_, static_cast<std::size_t>(Program::parameters.floats)};
  }
  /// The values of parameter `entry` of `parameter_table<model>` in layer `layer`, row by row.
  [[nodiscard]] std::span<float> parameter(std::size_t entry, int layer = 0) {
    return values(parameters_, entry, layer);
  }
  /// Its gradient of the batches since the last update.
  [[nodiscard]] std::span<float const> gradient(std::size_t entry, int layer = 0) {
    return values(gradients_, entry, layer);
  }

  /// The mean loss of a batch, and its gradients, added to those since the last update. A batch without any target is
  /// not counted: 0. Throws `error` if it is larger than the bounds.
  double accumulate(token_batch const& batch) {
    judge(batch);
    if (!has_target(batch)) return 0.0;
    double loss = 0.0;
    workspace_.prepare(batch);
    team_.run([&](worker const& self) {
      frame f = workspace_.frame_of(self, batch);
      f.parameters = parameters_;
      f.gradients = gradients_;
      f.adds = batches_ > 0;
      f.coins = mix_seed(seed + static_cast<std::uint64_t>(passes_));
      run_program<Program>(self, f);
      if (self.index == 0) loss = f.loss;
    });
    ++batches_;
    ++passes_;
    return loss;
  }

  /// Moves the parameters by the mean of the gradients since the last update, whose norm is at most `clip` (0: any).
  /// Returns the norm before that.
  double update(double rate, double clip = 0.0) {
    if (batches_ == 0) return 0.0;
    ++steps_;
    double const norm = std::sqrt(squares()) / batches_;
    double factor = 1.0 / batches_;
    if (clip > 0.0) factor *= std::fmin(1.0, clip / (norm + 1e-6));
    team_.run([&](worker const& self) { move(self, rate, static_cast<float>(factor)); });
    batches_ = 0;
    return norm;
  }

 private:
  static std::span<float> values(float* base, std::size_t entry, int layer) {
    parameter_place const& at = Program::parameters.places[entry];
    return {base + at.offset + layer * at.step, static_cast<std::size_t>(parameter_table<model>[entry].size())};
  }

  static bool has_target(token_batch const& batch) {
    auto const any = [](std::int32_t const* ids, int count) {
      return ids != nullptr && std::any_of(ids, ids + count, [](std::int32_t id) { return id >= 0; });
    };
    return any(batch.targets, batch.rows()) || any(batch.labels, batch.sequences);
  }

  static void judge(token_batch const& batch) {
    if (batch.source_rows() > Program::bounds.sources)
      throw error(format_message("batch: {} source tokens, the program was compiled for {}", batch.source_rows(),
                                 Program::bounds.sources)
                      .view()
                      .data());
    if (batch.longest() > Program::bounds.longest())
      throw error(format_message("batch: a sequence of {} tokens, the program was compiled for {}", batch.longest(),
                                 Program::bounds.longest())
                      .view()
                      .data());
    if (batch.rows() > Program::bounds.tokens || batch.sequences > Program::bounds.sequences)
      throw error(
          format_message("batch: {} sequences of {} tokens, the program was compiled for {} sequences and {} tokens",
                         batch.sequences, batch.length, Program::bounds.sequences, Program::bounds.tokens)
              .view()
              .data());
  }

  double squares() {
    double total = 0.0;
    auto const& table = parameter_table<model>;
    for (std::size_t i = 0; i < table.size(); ++i) {
      parameter_place const& at = Program::parameters.places[i];
      total += sum_of_squares(gradients_, at.offset, at.offset + at.step * table[i].layers);
    }
    return total;
  }

  void move(worker const& self, double rate, float factor) {
    auto const& table = parameter_table<model>;
    adamw_run const run{parameters_, gradients_, mean_, square_};
    for (std::size_t i = 0; i < table.size(); ++i) {
      parameter_place const& at = Program::parameters.places[i];
      auto const& options = Groups[static_cast<std::size_t>(groups::table.group[i])].options;
      work_range const mine = self.share(static_cast<int>(at.step * table[i].layers / panel_rows));
      adamw_step(run, at.offset + std::int64_t{mine.begin} * panel_rows,
                 at.offset + std::int64_t{mine.end} * panel_rows, options, rate * options.rate, steps_, factor);
    }
  }

  team team_;
  arena memory_;
  workspace<Program> workspace_;
  float* parameters_ = nullptr;
  float* gradients_ = nullptr;
  float* mean_ = nullptr;
  float* square_ = nullptr;
  int batches_ = 0;
  int steps_ = 0;
  std::int64_t passes_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
