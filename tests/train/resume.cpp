// What a trainer keeps: enough to go on with the same bits, in memory that is taken once.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "../generate/allocations.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/kernels/muon.hpp"
#include "constformer/kernels/sgd.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/progress.hpp"
#include "constformer/train/trainer-inl.hpp"
#include "dropout_model.hpp"
#include "zeroed_blocks.hpp"

using namespace constformer;

namespace {

using model = dropping::deep;
constexpr int length = 9, sequences = 2, tokens = length * sequences;
using program = training_program<model, {.tokens = tokens, .sequences = sequences}>;

constexpr bool is_bias(parameter_entry const& p) { return p.role == parameter_role::bias; }
constexpr bool others(parameter_entry const& p) { return !is_block_matrix(p) && !is_bias(p); }
constexpr std::tuple groups{parameter_group<nanochat_muon::options>{"blocks", is_block_matrix, {.decay = 0.1}},
                            parameter_group<adamw_options>{"others", others, {}},
                            parameter_group<sgd_options>{"biases", is_bias, {}}};
using trainer = HWY_NAMESPACE::trainer<program, groups>;

void fill(trainer& learner) {
  float x = 0.1F;
  for (float& p : learner.parameters()) p = x = std::fmod(x * 7.3F + 0.37F, 1.0F) - 0.3F;
}

// Batches by number, so that a run can begin anywhere.
double take_step(trainer& learner, std::int64_t step) {
  std::vector<std::int32_t> ids, positions, targets;
  double loss = 0.0;
  for (std::int64_t part = 0; part < 2; ++part) {
    ids.clear(), positions.clear(), targets.clear();
    for (int i = 0; i < tokens; ++i) {
      ids.push_back(static_cast<std::int32_t>((i * 5 + step * 3 + part) % dropping::vocab));
      positions.push_back(i % length);
      targets.push_back(static_cast<std::int32_t>((i * 7 + step) % dropping::vocab));
    }
    loss += learner.accumulate({ids.data(), positions.data(), targets.data(), sequences, length});
  }
  learner.options<"blocks">().momentum = 0.85 + 0.001 * static_cast<double>(step);
  learner.update(1e-2, 1.0);
  return loss;
}

struct checkpoint {
  std::vector<float> parameters;
  std::vector<std::vector<float>> states;
  training_progress progress;
};

checkpoint save(trainer& learner) {
  checkpoint out{{learner.parameters().begin(), learner.parameters().end()}, {}, learner.progress()};
  learner.for_each_state([&](optimizer_state const& s) { out.states.emplace_back(s.values.begin(), s.values.end()); });
  return out;
}

void load(trainer& learner, checkpoint const& from) {
  std::ranges::copy(from.parameters, learner.parameters().begin());
  std::size_t next = 0;
  learner.for_each_state([&](optimizer_state const& s) { std::ranges::copy(from.states[next++], s.values.begin()); });
  learner.resume(from.progress);
}

bool same(std::vector<float> const& a, std::span<float const> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Parameters after 12 steps by so many threads.
std::vector<float> uninterrupted(int threads) {
  trainer learner(threads);
  fill(learner);
  learner.seed = 9;
  for (int step = 0; step < 12; ++step) take_step(learner, step);
  return {learner.parameters().begin(), learner.parameters().end()};
}

}  // namespace

TEST_CASE("a run that is saved and goes on elsewhere has the bits of one that was not, whatever the threads") {
  std::vector<float> const whole = uninterrupted(1);
  CHECK(same(whole, uninterrupted(2)));
  CHECK(same(whole, uninterrupted(3)));
  checkpoint saved;
  {
    trainer first(2);
    fill(first);
    first.seed = 9;
    for (int step = 0; step < 7; ++step) take_step(first, step);
    saved = save(first);
  }
  CHECK(saved.progress.steps == 7);
  CHECK(saved.progress.passes == 14);
  auto const rest = [&](checkpoint const& from) {
    trainer second(3);
    load(second, from);
    for (int step = 7; step < 12; ++step) take_step(second, step);
    return std::vector<float>(second.parameters().begin(), second.parameters().end());
  };
  CHECK(same(whole, rest(saved)));
  for (std::size_t i = 0; i < saved.states.size(); ++i) {  // none of them can be left out
    checkpoint lacking = saved;
    std::ranges::fill(lacking.states[i], 0.0F);
    INFO("state " << i);
    CHECK_FALSE(same(whole, rest(lacking)));
  }
  for (auto const change : {+[](training_progress& p) { ++p.steps; }, +[](training_progress& p) { ++p.passes; },
                            +[](training_progress& p) { ++p.seed; }}) {
    checkpoint other = saved;
    change(other.progress);
    CHECK_FALSE(same(whole, rest(other)));
  }
}

TEST_CASE("states have the names, places and sizes of the originals'") {
  trainer learner(1);
  std::vector<std::string> names;
  std::int64_t values = 0;
  learner.for_each_state([&](optimizer_state const& s) {
    names.push_back(std::string(parameter_table<model>[s.entry].name.view()) + "/" + std::to_string(s.layer) + "/" +
                    std::string(s.name));
    values += static_cast<std::int64_t>(s.values.size());
  });
  CHECK(names.front() == "tokens.weight/0/exp_avg");
  CHECK(names[1] == "tokens.weight/0/exp_avg_sq");
  CHECK(std::ranges::count(names, "blocks.*.wide.weight/2/momentum_buffer") == 1);
  CHECK(std::ranges::count(names, "blocks.*.wide.weight/2/second_momentum_buffer") == 1);
  CHECK(std::ranges::count(names, "blocks.*.wide.bias/1/momentum_buffer") == 1);
  using dropping::vocab, dropping::width;
  int const mean_and_square = 2 * (2 * vocab * width + 3 * width + width), muon = 3 * 2 * (32 * width + 32),
            sgd = 3 * 32;
  CHECK(values == mean_and_square + muon + sgd);
}

TEST_CASE("memory is taken once, to the byte what the plan says, and as much as each optimizer's states are") {
  std::size_t const none = zeroed_bytes_so_far();
  trainer learner(2);
  CHECK(zeroed_bytes_so_far() - none == trainer::bytes(2) + arena::alignment);  // a line more, to begin at one
  fill(learner);
  take_step(learner, 0);
  std::vector<std::int32_t> ids(tokens, 1), positions(tokens, 0), targets(tokens, 2);
  std::vector<float> average(learner.parameters().size());
  long const before = allocations_so_far();
  for (int i = 0; i < 5; ++i) {
    learner.accumulate({ids.data(), positions.data(), targets.data(), sequences, length});
    learner.update(1e-3, 1.0);
    learner.average(average, 0.5);
  }
  CHECK(allocations_so_far() == before);
  CHECK(zeroed_bytes_so_far() - none == trainer::bytes(2) + arena::alignment);
  auto const all = static_cast<std::size_t>(program::parameters.floats);
  using space = HWY_NAMESPACE::workspace<program, trainer::states.scratch>;
  CHECK(trainer::bytes(2) == arena::bytes_for<float>(2 * all + static_cast<std::size_t>(trainer::states.floats)) +
                                 arena::bytes_for<float>(learner.gradient_norms_of_tensors().size()) + space::bytes(2));
}

TEST_CASE("gradients that are not finite move nothing, and the tensor that has them is told") {
  trainer learner(2);
  fill(learner);
  for (int step = 0; step < 3; ++step) take_step(learner, step);
  checkpoint const before = save(learner);
  learner.parameter(0)[5] = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::int32_t> ids(tokens, 0), positions(tokens, 0), targets(tokens, 2);
  learner.accumulate({ids.data(), positions.data(), targets.data(), sequences, length});
  CHECK(std::isnan(learner.update(1e-2, 1.0)));
  CHECK(std::isnan(learner.gradient_norms_of_tensors()[0]));
  checkpoint const after = save(learner);
  CHECK(after.progress.steps == before.progress.steps);
  CHECK(after.states == before.states);
}
