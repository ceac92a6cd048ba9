// Whole training steps of one model (forward, backward, AdamW), timed.
//
//   bench_train_WORK THREADS
//
// Reads numbers, a line each: how many steps to take. Answers each with one line: seconds of each step. The first line
// that it prints, before it reads any, tells what a step takes: FLOPs are those of products, of attention those of
// pairs that are seen.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "constformer/execute/program.hpp"
#include "constformer/execute/ragged_batch.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/passes/count_flops.hpp"
#include "constformer/passes/plan_memory.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/trainer-inl.hpp"
#include "models.hpp"

#ifndef CF_BENCH_PRODUCTS
#define CF_BENCH_PRODUCTS f32
#endif
#ifndef CF_BENCH_RECOMPUTE
#define CF_BENCH_RECOMPUTE pointwise
#endif

namespace {

using shape = bench_train::CF_BENCH_WORK;
using model_type = shape::model;
constexpr int most_tokens = shape::sequences * shape::length;
constexpr constformer::batch_bounds bounds{.tokens = most_tokens,
                                           .sequences = shape::sequences,
                                           .sources = shape::source_vocab > 0 ? most_tokens : 0,
                                           .length = shape::length};
using training =
    constformer::training_program<model_type, bounds,
                                  constformer::learning{.recompute = constformer::recompute_kind::CF_BENCH_RECOMPUTE,
                                                        .products = constformer::dtype::CF_BENCH_PRODUCTS}>;
using group = constformer::parameter_group<constformer::adamw_options>;
constexpr std::array groups{group{"matrices", constformer::is_matrix, {.beta2 = 0.95, .decay = 0.1}},
                            group{"vectors", constformer::is_vector, {.beta2 = 0.95, .decay = 0.0}}};
using trainer = constformer::HWY_NAMESPACE::trainer<training, groups>;

// GPT-2's: N(0, 0.02), norms 1, biases 0.
void initialise(trainer& model) {
  std::mt19937 random(1337);
  std::normal_distribution<float> normal(0.0F, 0.02F);
  auto const& table = constformer::parameter_table<model_type>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer)
      for (float& x : model.parameter(i, layer))
        x = constformer::is_matrix(table[i])                      ? normal(random)
            : table[i].role == constformer::parameter_role::scale ? 1.0F
                                                                  : 0.0F;
}

constformer::ragged_batch random_batch() {
  std::mt19937 random(7);
  auto const ids = [&](int count, unsigned vocab) {
    std::vector<std::int32_t> out;
    for (int i = 0; i < count; ++i) out.push_back(static_cast<std::int32_t>(random() % vocab));
    return out;
  };
  constformer::ragged_batch out;
  for (int s = 0; s < shape::sequences; ++s) {
    int const length =
        shape::shortest == 0 ? shape::length : shape::shortest + s % (shape::length - shape::shortest + 1);
    auto const tokens = ids(length, shape::vocab), targets = ids(length, shape::vocab);
    auto const source = shape::source_vocab == 0 ? std::vector<std::int32_t>() : ids(length, shape::source_vocab);
    out.add({.tokens = tokens, .targets = targets, .source = source});
  }
  return out;
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int main(int count, char** words) {
  int const threads = count > 1 ? std::atoi(words[1]) : 1;
  trainer model(threads);
  initialise(model);
  auto const examples = random_batch();
  constexpr auto flops = constformer::count_flops(training::graph, training::bounds);
  std::printf("{\"parameters\": %lld, \"tokens\": %d, \"bytes\": %zu, \"flops\": %lld}\n",
              static_cast<long long>(constformer::count_parameters<model_type>()),
              static_cast<int>(examples.tokens.size()), trainer::bytes(threads), static_cast<long long>(flops));
  std::fflush(stdout);
  for (int steps = 0; std::scanf("%d", &steps) == 1;) {
    double loss = 0.0;
    for (int i = 0; i < steps; ++i) {
      double const start = seconds();
      loss = model.accumulate(examples);
      model.update(1e-4);
      std::printf("%.9f ", seconds() - start);
    }
    std::printf("%.6f\n", loss);
    std::fflush(stdout);
  }
}
