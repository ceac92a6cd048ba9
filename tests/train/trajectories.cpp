// Twenty steps of a small model against what torch, and the originals of the optimizers, make of it
// (make_trajectories.py).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/execute/program.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/kernels/muon.hpp"
#include "constformer/kernels/sgd.hpp"
#include "constformer/train/averages.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/progress.hpp"
#include "constformer/train/trainer-inl.hpp"
#include "small_model.hpp"
#include "tensors.hpp"

using namespace constformer;

namespace {

using program = training_program<small::model, small::bounds>;
template <auto const& Groups>
using trainer_of = HWY_NAMESPACE::trainer<program, Groups>;

// blocks.*.up.bias as make_trajectories.py calls it.
std::string plain_name(parameter_entry const& p) {
  std::string name(p.name.view());
  if (name.starts_with("blocks.*.")) name = name.substr(9);
  return name.ends_with(".bias") ? name.replace(name.size() - 5, 1, "_") : name.substr(0, name.rfind('.'));
}

// Equal to 1e-5 of the largest.
void compare(std::string const& what, std::span<float const> got, std::span<float const> want) {
  REQUIRE(got.size() == want.size());
  float largest = 0.0F, gap = 0.0F;
  for (std::size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::abs(want[i]));
    float const apart = std::abs(got[i] - want[i]);
    gap = std::isnan(apart) ? INFINITY : std::max(gap, apart);
  }
  INFO(what << ": gap " << gap << ", largest " << largest);
  CHECK(largest > 0.0F);
  CHECK(gap <= 1e-5F * largest);
}

template <auto const& Groups>
void compare_weights(std::string const& run, trainer_of<Groups>& learner) {
  auto const& table = parameter_table<small::model>;
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::string const name = run + "." + plain_name(table[i]);
    std::vector<float> got;
    for (int layer = 0; layer < table[i].layers; ++layer)
      got.insert(got.end(), learner.parameter(i, layer).begin(), learner.parameter(i, layer).end());
    compare(name, got, original_tensors().at(name));
  }
}

struct settings {
  double clip = 0.0;
  accumulation counts = accumulation::batches;
  int threads = 2;
};

// Takes the steps of a run; at_step(learner, step) sets options and gives the rate, after_step(learner, step) looks.
template <auto const& Groups, class AtStep, class AfterStep>
void follow(std::string const& run, settings how, AtStep const& at_step, AfterStep const& after_step) {
  trainer_of<Groups> learner(how.threads);
  small::fill(learner);
  small::batches data;
  learner.counts = how.counts;
  std::vector<float> losses, norms;
  for (int step = 0; step < small::steps; ++step) {
    auto const one = data.next(), two = data.next();
    double const first = learner.accumulate(one), second = learner.accumulate(two);
    double const weight =
        how.counts == accumulation::batches ? 0.5 : 1.0 * one.counted() / (one.counted() + two.counted());
    losses.push_back(static_cast<float>(weight * first + (1.0 - weight) * second));
    double const rate = at_step(learner, step);
    norms.push_back(static_cast<float>(learner.update(rate, how.clip)));
    after_step(learner, step);
  }
  compare(run + ".losses", losses, original_tensors().at(run + ".losses"));
  compare(run + ".norms", norms, original_tensors().at(run + ".norms"));
  compare_weights<Groups>(run, learner);
}
template <auto const& Groups, class AtStep>
void follow(std::string const& run, settings how, AtStep const& at_step) {
  follow<Groups>(run, how, at_step, [](auto&, int) {});
}

constexpr bool everything(parameter_entry const&) { return true; }
constexpr bool is_head(parameter_entry const& p) { return p.name.view() == "head.weight"; }
constexpr bool all_but_block_matrices(parameter_entry const& p) { return !is_block_matrix(p); }
constexpr bool all_but_matrices_and_head(parameter_entry const& p) { return !is_block_matrix(p) && !is_head(p); }
constexpr bool is_norm(parameter_entry const& p) { return p.role == parameter_role::scale; }
constexpr bool decays_in_bert(parameter_entry const& p) { return !is_norm(p) && p.role != parameter_role::bias; }
constexpr bool decays_not_in_bert(parameter_entry const& p) { return !decays_in_bert(p); }

// A rate that rises by steps.
auto rising(double rate) {
  return [rate](auto&, int step) { return rate * (step + 1) / small::steps; };
}

using adamw_group = parameter_group<adamw_options>;
using sgd_group = parameter_group<sgd_options>;

constexpr std::array adamw_groups{adamw_group{"matrices", is_matrix, {.beta2 = 0.95, .decay = 0.1}},
                                  adamw_group{"vectors", is_vector, {.beta2 = 0.95, .decay = 0.0}}};
constexpr std::array adam_groups{
    adamw_group{"all", everything, {.beta1 = 0.8, .beta2 = 0.96, .eps = 1e-9, .decay = 0.02, .decays_gradient = true}}};
constexpr std::array llmc_groups{
    adamw_group{"all", everything, {.beta1 = double{0.9F}, .beta2 = double{0.999F}, .eps = 1e-8, .decay = 0.05}}};
constexpr adamw_options bert_still = [] {
  adamw_options still = bert_adamw;
  still.decay = 0.0;
  return still;
}();
constexpr std::array bert_groups{adamw_group{"decaying", decays_in_bert, bert_adamw},
                                 adamw_group{"still", decays_not_in_bert, bert_still}};
constexpr std::array sgd_groups{sgd_group{"all", everything, {.momentum = 0.9, .dampening = 0.2, .decay = 0.03}}};
constexpr std::array nesterov_groups{sgd_group{"all", everything, {.momentum = 0.85, .nesterov = true}}};
constexpr std::array plain_groups{sgd_group{"all", everything, {.momentum = 0.0}}};

constexpr adamw_options muon_adamw{.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-10, .decay = 0.02, .rate = 3e-3};
constexpr std::tuple muon_groups{
    parameter_group<muon_options<>>{"blocks", is_block_matrix, {.momentum = 0.9, .decay = 0.1, .rate = 0.03}},
    adamw_group{"others", all_but_block_matrices, muon_adamw}};

template <muon_form Form>
constexpr std::tuple nanochat_groups{
    adamw_group{"head", is_head, {.beta1 = 0.8, .beta2 = 0.96, .eps = 1e-10, .decay = 0.01, .rate = 0.02}},
    adamw_group{"tables", is_embedding, {.beta1 = 0.8, .beta2 = 0.995, .eps = 1e-10, .decay = 0.001, .rate = 0.1}},
    adamw_group{"vectors", is_vector, {.beta1 = 0.96, .beta2 = 0.95, .eps = 1e-10, .decay = 0.0, .rate = 0.01}},
    parameter_group<muon_options<Form>>{
        "blocks", is_block_matrix, {.beta2 = Form.margin > 1.01 ? 0.95 : 0.9, .rate = 0.02}}};

constexpr adamw_options first_adamw{
    .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-10, .decay = 0.0, .rate = 0.05, .eps_corrected = true};
constexpr adamw_options first_head{
    .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-10, .decay = 0.0, .rate = 0.004, .eps_corrected = true};
constexpr std::tuple first_nanochat_groups{adamw_group{"head", is_head, first_head},
                                           adamw_group{"others", all_but_matrices_and_head, first_adamw},
                                           parameter_group<muon_options<>>{"blocks", is_block_matrix, {.rate = 0.02}}};

template <muon_form Form>
void follow_nanochat(std::string const& run) {
  follow<nanochat_groups<Form>>(run, {}, [](auto& learner, int step) {
    auto& muon = learner.template options<"blocks">();
    muon.momentum = 0.85 + 0.005 * step;
    muon.decay = 0.28 * (1.0 - 1.0 * step / small::steps);
    return 1.0 * (step + 1) / small::steps;
  });
}

// The values that torch has of all that `learner` lays out with gaps.
template <auto const& Groups>
std::vector<float> without_gaps(std::vector<float> const& all) {
  std::vector<float> out;
  auto const& table = parameter_table<small::model>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer) {
      auto const& at = program::parameters.places[i];
      auto const first = all.begin() + at.offset + layer * at.step;
      out.insert(out.end(), first, first + table[i].size());
    }
  return out;
}

}  // namespace

TEST_CASE("AdamW, clipped, over means of means, and its exponential average are torch's") {
  std::vector<float> averaged(static_cast<std::size_t>(program::parameters.floats));
  follow<adamw_groups>("adamw", {.clip = 0.5}, rising(2e-2),
                       [&](auto& learner, int step) { learner.average(averaged, ema_weight(0.8, step)); });
  compare("average", without_gaps<adamw_groups>(averaged), original_tensors().at("adamw.average"));
}

TEST_CASE("Adam, over means of tokens, and its mean over time are torch's") {
  std::vector<float> averaged(static_cast<std::size_t>(program::parameters.floats));
  follow<adam_groups>("adam", {.counts = accumulation::tokens}, rising(1e-2),
                      [&](auto& learner, int step) { learner.average(averaged, mean_weight(step)); });
  compare("average", without_gaps<adam_groups>(averaged), original_tensors().at("adam.average"));
}

TEST_CASE("gradient descent with momentum and dampening, with Nesterov's, and without are torch's") {
  follow<sgd_groups>("sgd", {}, rising(0.2));
  follow<nesterov_groups>("nesterov", {.clip = 1.0}, rising(0.2));
  follow<plain_groups>("plain", {}, rising(0.5));
}

TEST_CASE("BERT's AdamW is the original's, llm.c's its own") {
  follow<bert_groups>("bert", {.clip = 1.0}, rising(1e-2));
  follow<llmc_groups>("llmc", {}, rising(1e-2));
}

TEST_CASE("Muon beside AdamW is Keller Jordan's") {
  follow<muon_groups>("muon", {}, [](auto&, int) { return 1.0; });
}

TEST_CASE("Muon and AdamW are nanochat's of October 2025") {
  follow<first_nanochat_groups>("muon_2025_10", {.clip = 1.0}, [](auto& learner, int step) {
    learner.template options<"blocks">().momentum = 0.85 + 0.1 * step / 300;
    return 1.0 - 0.04 * step;
  });
}

TEST_CASE("Muon and AdamW are nanochat's of January, March and July 2026") {
  follow_nanochat<nanochat_muon::form_2026_01>("muon_2026_01");
  follow_nanochat<nanochat_muon::form_2026_03>("muon_2026_03");
  follow_nanochat<nanochat_muon::form_2026_07>("muon_2026_07");
}
