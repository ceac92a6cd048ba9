// The trainer of one model and one size of batch, behind `learner`.
#if defined(CONSTFORMER_TRAIN_LEARNER_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_TRAIN_LEARNER_INL_HPP
#undef CONSTFORMER_TRAIN_LEARNER_INL_HPP
#else
#define CONSTFORMER_TRAIN_LEARNER_INL_HPP
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/execute/run_program-inl.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/peak-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/passes/count_flops.hpp"
#include "constformer/train/learner.hpp"
#include "constformer/train/progress.hpp"
#include "constformer/train/trainer-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// `trainer<Program, Groups>` as a `learner`.
template <class Program, auto const& Groups>
class compiled_learner final : public learner {
 public:
  /// Which parameters learn; null: all.
  static constexpr parameter_filter const* trains = Program::graph.learns.trains;

  /// Parameters are 0.
  explicit compiled_learner(int threads) : trainer_(threads), logits_(static_cast<std::size_t>(padded(vocab))) {}

  std::span<float> parameter(int entry, int layer) override {
    return trainer_.parameter(static_cast<std::size_t>(entry), layer);
  }
  std::span<float const> gradient(int entry, int layer) override {
    return trainer_.gradient(static_cast<std::size_t>(entry), layer);
  }
  std::vector<optimizer_state> states() override {
    std::vector<optimizer_state> out;
    trainer_.for_each_state([&](optimizer_state const& state) { out.push_back(state); });
    return out;
  }
  std::vector<optimizer_knob> knobs() override {
    std::vector<optimizer_knob> out;
    trainer_.for_each_group([&](std::string_view group, auto& options) { add_knobs(out, group, options); });
    return out;
  }
  training_progress progress() const override { return trainer_.progress(); }
  void resume(training_progress const& at) override { trainer_.resume(at); }
  void count_by(accumulation counts) override { trainer_.counts = counts; }
  double accumulate(token_batch const& batch) override { return trainer_.accumulate(batch); }
  double update(double rate, double clip) override { return trainer_.update(rate, clip); }

  void average(double weight) override {
    auto const all = trainer_.parameters();
    if (average_.empty()) average_.assign(all.begin(), all.end());
    trainer_.average(average_, weight);
  }
  std::span<float> averaged(int entry, int layer) override {
    if (average_.empty()) return {};
    auto const place = trainer_.parameter(static_cast<std::size_t>(entry), layer);
    return std::span(average_).subspan(static_cast<std::size_t>(place.data() - trainer_.parameters().data()),
                                       place.size());
  }
  void exchange_average() override {
    if (!average_.empty()) std::ranges::swap_ranges(average_, trainer_.parameters());
  }

  double evaluate(token_batch const& batch) override {
    double loss = 0.0;
    trainer_.run_beside(batch, [&](worker const& self, pass_frame& f) {
      run_program<Program, 0, Program::graph.result + 1>(self, f);
      if (self.index == 0) loss = f.loss;
    });
    return loss;
  }

  std::span<float const> foretell(token_batch const& batch) override {
    if constexpr (vocab > 0)
      trainer_.run_beside(batch, [&](worker const& self, pass_frame& f) {
        run_program<Program, 0, loss_node>(self, f);
        give_logits(self, f, batch.rows() - 1);
      });
    return {logits_.data(), static_cast<std::size_t>(vocab)};
  }

  foretold count_foretold(token_batch const& batch) override {
    foretold count;
    if constexpr (vocab > 0)
      trainer_.run_beside(batch, [&](worker const& self, pass_frame& f) {
        run_program<Program, 0, loss_node>(self, f);
        for (int row = 0; row < batch.rows(); ++row) {
          if (batch.targets[row] < 0) continue;
          give_logits(self, f, row);
          self.sync();
          if (self.index == 0) {
            ++count.all;
            count.right += likeliest() == batch.targets[row] ? 1 : 0;
          }
          self.sync();
        }
      });
    return count;
  }

  /// The loss over tokens: it takes hidden states and the head. −1: there is none.
  static constexpr int loss_node = [] {
    for (std::size_t i = 0; i < Program::graph.nodes.size(); ++i) {
      node const& n = Program::graph.nodes[i];
      if (n.kind == node_kind::cross_entropy &&
          Program::graph.nodes[static_cast<std::size_t>(n.inputs[0])].shape.rows == row_kind::token)
        return static_cast<int>(i);
    }
    return -1;
  }();
  /// Rows of the head.
  static constexpr int vocab = [] {
    if (loss_node < 0) return 0;
    node const& loss = Program::graph.nodes[static_cast<std::size_t>(loss_node)];
    return Program::graph.nodes[static_cast<std::size_t>(loss.inputs[1])].shape.axes[0].extent;
  }();

 private:
  // The first of the largest, as torch's argmax on a CPU.
  [[nodiscard]] int likeliest() const {
    return static_cast<int>(std::max_element(logits_.begin(), logits_.begin() + vocab) - logits_.begin());
  }

  // Of one row, where the loss would go over all.
  void give_logits(worker const& self, pass_frame const& f, int row) {
    constexpr node const& loss = Program::graph.nodes[static_cast<std::size_t>(loss_node)];
    float_rows one = step<Program, loss.inputs[0]>::all(f);
    one.data += static_cast<std::size_t>(row) * one.stride;
    one.rows = 1;
    float const* offset = nullptr;
    if constexpr (loss.inputs[2] >= 0) offset = step<Program, loss.inputs[2]>::data(f);
    share_product<second_is::outputs>(self, one, step<Program, loss.inputs[1]>::matrix(f),
                                      {logits_.data(), logits_.size(), vocab, false, offset}, vocab, f.own);
    self.sync();
    if constexpr (loss.factor != 0.0F) {
      work_range const mine = self.share(vocab);
      for (int i = mine.begin; i < mine.end; ++i) {
        float& logit = logits_[static_cast<std::size_t>(i)];
        logit = loss.factor * std::tanh(logit / loss.factor);
      }
    }
  }

  template <class Options>
  static void add_knobs(std::vector<optimizer_knob>& out, std::string_view group, Options& options) {
    if constexpr (requires { options.beta1; }) out.push_back({group, "beta1", &options.beta1});
    if constexpr (requires { options.beta2; }) out.push_back({group, "beta2", &options.beta2});
    if constexpr (requires { options.eps; }) out.push_back({group, "eps", &options.eps});
    if constexpr (requires { options.momentum; }) out.push_back({group, "momentum", &options.momentum});
    out.push_back({group, "decay", &options.decay});
    out.push_back({group, "rate", &options.rate});
  }

  trainer<Program, Groups> trainer_;
  std::vector<float> logits_;
  std::vector<float> average_;  // empty: nobody asked for one
};

/// The unit of `Program`. `name` is the model's in messages, `described` its config or null.
template <class Program, auto const& Groups>
[[nodiscard]] learner_unit make_learner_unit(std::string_view name, config const* described) {
  using made = compiled_learner<Program, Groups>;
  using model = typename Program::model;
  return {.facts = {.name = name,
                    .model = described,
                    .entries = parameter_table<model>,
                    .parameters = count_parameters<model>(),
                    .trained = count_parameters<model>(made::trains),
                    .trains = made::trains,
                    .bounds = Program::bounds,
                    .vocab = made::vocab,
                    .flops = count_flops(Program::graph, Program::bounds),
                    .bytes = [](int threads) { return trainer<Program, Groups>::bytes(threads); }},
          .make = [](int threads) -> std::unique_ptr<learner> { return std::make_unique<made>(threads); },
          .peak = [](int threads, double seconds) { return multiply_add_peak(threads, seconds); }};
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
