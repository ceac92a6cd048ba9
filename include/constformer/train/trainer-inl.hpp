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
#include <tuple>
#include <type_traits>
#include <utility>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/error.hpp"
#include "constformer/core/text.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/execute/judge_batch.hpp"
#include "constformer/kernels/coins.hpp"
#include "constformer/execute/run_program-inl.hpp"
#include "constformer/execute/workspace-inl.hpp"
#include "constformer/kernels/adamw-inl.hpp"
#include "constformer/kernels/lerp-inl.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/muon-inl.hpp"
#include "constformer/kernels/sgd-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/passes/plan_memory.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/norms-inl.hpp"
#include "constformer/train/optimizer_layout.hpp"
#include "constformer/train/progress.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Trains `Program::model`, its parameters moved by the optimizers of `Groups`, which is a constant. The same bits for
/// any number of threads.
template <class Program, auto const& Groups>
class trainer {
 public:
  using model = typename Program::model;                                           ///< what learns
  static constexpr parameter_filter const* trains = Program::graph.learns.trains;  ///< what of it; null: all
  using groups = grouped<model, Groups, trains>;  ///< which parameters which options move

  /// Where states of optimizers lie.
  static constexpr auto states = layout_optimizers<model, Groups, trains>();

  /// Bytes that a trainer takes, all of them when it is made.
  [[nodiscard]] static constexpr std::size_t bytes(int threads) {
    return arena::bytes_for<float>(floats) + arena::bytes_for<float>(norms::tensors) + space::bytes(threads);
  }

  std::uint64_t seed = 0;                       ///< of dropout
  accumulation counts = accumulation::batches;  ///< how batches count, until after the next update

  /// Parameters and states are 0.
  explicit trainer(int threads) : team_(threads), memory_(bytes(team_.size())), workspace_(memory_, team_.size()) {
    auto const all = static_cast<std::size_t>(Program::parameters.floats);
    parameters_ = memory_.take<float>(floats).data();
    gradients_ = parameters_ + all;
    states_ = gradients_ + Program::parameters.trained;
    norms_ = memory_.take<float>(norms::tensors);
  }

  /// All of them, as `Program::parameters` lays them out.
  [[nodiscard]] std::span<float> parameters() {
    return {parameters_, static_cast<std::size_t>(Program::parameters.floats)};
  }
  /// The values of parameter `entry` of `parameter_table<model>` in layer `layer`, row by row.
  [[nodiscard]] std::span<float> parameter(std::size_t entry, int layer = 0) {
    return values(parameters_, entry, layer);
  }
  /// Its gradient of the batches since the last update: the sum of those of their means, each times its
  /// targets if `counts` is by tokens. Empty if it does not learn.
  [[nodiscard]] std::span<float const> gradient(std::size_t entry, int layer = 0) {
    if (!learns(trains, parameter_table<model>[entry])) return {};
    return values(gradients_, entry, layer);
  }

  /// The options of the group of that name, to be changed between updates: a schedule's momentum, a rate.
  template <fixed_text Name>
  [[nodiscard]] auto& options() {
    return std::get<group_named<Groups, Name>()>(groups_).options;
  }
  /// visit(name, options) for every group.
  template <class Visit>
  void for_each_group(Visit const& visit) {
    std::apply([&](auto&... group) { (visit(group.name, group.options), ...); }, groups_);
  }

  /// visit(`optimizer_state`) for every state of every tensor: by entry of the table, by layer, by name.
  template <class Visit>
  void for_each_state(Visit const& visit) {
    auto const& table = parameter_table<model>;
    for (std::size_t i = 0; i < table.size(); ++i)
      for (int layer = 0; layer < table[i].layers; ++layer)
        for (state_place const& at : states.places[i])
          if (!at.name.empty())
            visit(optimizer_state{
                at.name, i, layer, {states_ + at.offset + layer * at.step, static_cast<std::size_t>(at.size)}});
  }
  /// What has been counted.
  [[nodiscard]] training_progress progress() const { return {steps_, passes_, seed}; }
  /// Goes on from there; parameters and states are the caller's to restore. Gradients since the last update are
  /// dropped.
  void resume(training_progress const& at) {
    steps_ = at.steps;
    passes_ = at.passes;
    seed = at.seed;
    weight_ = 0.0;
  }

  /// The mean loss of a batch, and its gradients, added to those since the last update. A batch without any target is
  /// not counted: 0. Throws `error` if it is larger than the bounds.
  double accumulate(token_batch const& batch) {
    judge_batch(Program::graph, Program::bounds, batch);
    int const targets = count_targets(batch);
    if (targets == 0) return 0.0;
    double const weight = counts == accumulation::tokens ? targets : 1.0;
    double loss = 0.0;
    workspace_.prepare(batch);
    team_.run([&](worker const& self) {
      pass_frame f = workspace_.frame_of(self, batch);
      f.parameters = parameters_;
      f.gradients = gradients_;
      f.adds = weight_ > 0.0;
      f.weight = static_cast<float>(weight);
      f.coins = coins_of(seed, passes_);
      run_program<Program>(self, f);
      if (self.index == 0) loss = f.loss;
    });
    weight_ += weight;
    ++passes_;
    return loss / weight;
  }

  /// body(worker, pass_frame) on every worker: a pass over a batch without gradients, between two of training. Throws
  /// `error` if the batch is larger than the bounds.
  template <class Body>
  void run_beside(token_batch const& batch, Body const& body) {
    judge_batch(Program::graph, Program::bounds, batch);
    workspace_.prepare(batch);
    team_.run([&](worker const& self) {
      pass_frame f = workspace_.frame_of(self, batch);
      f.parameters = parameters_;
      body(self, f);
    });
  }

  /// Moves the parameters by the mean of the gradients since the last update, whose norm is made at most `clip` (0:
  /// any) as torch's clip_grad_norm_ does. Returns the norm before that; if it is not finite, nothing is moved or
  /// counted.
  double update(double rate, double clip = 0.0) {
    if (weight_ == 0.0) return 0.0;
    double const mean = 1.0 / weight_;
    weight_ = 0.0;
    double const norm = measure(mean);
    if (!std::isfinite(norm)) return norm;
    ++steps_;
    float const most = static_cast<float>(clip) / (static_cast<float>(norm) + 1e-6F);
    float const factor = static_cast<float>(mean) * (clip > 0.0 && most < 1.0F ? most : 1.0F);
    team_.run([&](worker const& self) {
      pass_frame const f = workspace_.frame_of(self, {});
      move(self, {.rate = rate, .step = steps_, .factor = factor, .own = f.own, .shared = f.arena});
    });
    return norm;
  }

  /// The norm of each tensor's gradient at the last update, before clipping: by entry of the table, then by layer;
  /// of those that learn.
  [[nodiscard]] std::span<float const> gradient_norms_of_tensors() const { return norms_; }

  /// into += weight·(parameters − into): one more term of an average over time (train/averages.hpp). `into` is as long
  /// as `parameters()`.
  void average(std::span<float> into, double weight) {
    team_.run([&](worker const& self) {
      work_range const mine = self.share(static_cast<int>(Program::parameters.floats / panel_rows));
      lerp(into.data(), parameters_, std::int64_t{mine.begin} * panel_rows, std::int64_t{mine.end} * panel_rows,
           weight);
    });
  }

 private:
  using norms = gradient_norms<Program>;
  // Values of a pass and what an update works in are never wanted at once.
  using space = workspace<Program, std::max(states.scratch, std::int64_t{norms::pieces} *
                                                                std::int64_t{sizeof(double) / sizeof(float)})>;
  static constexpr auto floats =
      static_cast<std::size_t>(Program::parameters.floats + Program::parameters.trained + states.floats);

  static std::span<float> values(float* base, std::size_t entry, int layer) {
    parameter_place const& at = Program::parameters.places[entry];
    return {base + at.offset + layer * at.step, static_cast<std::size_t>(parameter_table<model>[entry].size())};
  }

  // Targets of tokens, or of sequences if only these have any.
  static int count_targets(token_batch const& batch) {
    auto const count = [](std::int32_t const* ids, int rows) {
      return ids == nullptr ? 0
                            : static_cast<int>(std::count_if(ids, ids + rows, [](std::int32_t id) { return id >= 0; }));
    };
    int const tokens = count(batch.targets, batch.rows());
    return tokens > 0 ? tokens : count(batch.labels, batch.sequences);
  }

  // The norm of gradients·mean.
  double measure(double mean) {
    auto* const sums = reinterpret_cast<double*>(workspace_.frame_of({0, 1, nullptr}, {}).arena);
    team_.run([&](worker const& self) { norms::measure(self, gradients_, sums); });
    return norms::total(sums, mean, norms_);
  }

  void move(worker const& self, update_terms const& terms) {
    [&]<std::size_t... G>(std::index_sequence<G...>) {
      (move_group<G>(self, terms), ...);
    }(std::make_index_sequence<detail::group_count<Groups>>());
  }

  template <std::size_t G>
  void move_group(worker const& self, update_terms const& terms) {
    for (std::size_t i = 0; i < parameter_table<model>.size(); ++i)
      if (groups::table.group[i] == static_cast<int>(G))
        move_parameter(self, std::get<G>(groups_).options, moved(i), terms);
  }

  moved_parameter moved(std::size_t entry) const {
    parameter_entry const& p = parameter_table<model>[entry];
    parameter_place const& at = Program::parameters.places[entry];
    moved_parameter out{.values = parameters_ + at.offset,
                        .gradient = gradients_ + at.offset,
                        .step = at.step,
                        .rows = p.rows,
                        .cols = p.cols,
                        .layers = p.layers};
    for (std::size_t s = 0; s < most_states; ++s) {
      out.states[s] = states_ + states.places[entry][s].offset;
      out.state_steps[s] = states.places[entry][s].step;
    }
    return out;
  }

  team team_;
  arena memory_;
  space workspace_;
  std::remove_cvref_t<decltype(Groups)> groups_ = Groups;
  float* parameters_ = nullptr;
  float* gradients_ = nullptr;
  float* states_ = nullptr;
  std::span<float> norms_;
  double weight_ = 0.0;  // of batches since the last update
  int steps_ = 0;
  std::int64_t passes_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
