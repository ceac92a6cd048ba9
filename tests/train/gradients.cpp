// Gradients of whole models against central differences, and the bits of any number of threads.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "../graph/models.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/passes/count_flops.hpp"
#include "constformer/testing/gradient_check.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/trainer-inl.hpp"

using namespace constformer;
using namespace traced_models;

namespace {

using group = parameter_group<adamw_options>;
constexpr std::array groups{group{"matrices", is_matrix, {.decay = 0.1}}, group{"vectors", is_vector, {.decay = 0.0}}};

constexpr batch_bounds bounds{.tokens = 300, .sequences = 3, .length = 150};

template <class Model>
using trainer_of = HWY_NAMESPACE::trainer<training_program<Model, bounds>, groups>;

struct random_batch {
  std::vector<std::int32_t> tokens, positions, targets;
  int sequences, length;

  random_batch(int count, int each, unsigned seed) : sequences(count), length(each) {
    std::mt19937 random(seed);
    for (int i = 0; i < count * each; ++i) {
      tokens.push_back(static_cast<std::int32_t>(random() % vocab));
      positions.push_back(i % each);
      targets.push_back(random() % 5 == 0 ? -1 : static_cast<std::int32_t>(random() % vocab));
    }
  }
  operator token_batch() const { return {tokens.data(), positions.data(), targets.data(), sequences, length}; }
};

// Weights away from zero, scales away from one.
template <class Model>
void fill(trainer_of<Model>& model, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  auto const& table = parameter_table<Model>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer)
      for (float& x : model.parameter(i, layer)) x = 0.25F * normal(random) + (is_vector(table[i]) ? 0.7F : 0.0F);
}

template <class Model>
void check_gradients(random_batch const& batch) {
  trainer_of<Model> model(2);
  fill<Model>(model, 7);
  int compared = 0;
  auto const gaps = testing::check_gradients(model, batch);
  for (testing::gradient_gap const& g : gaps) {
    INFO(std::string(g.name.view()) << ": gap " << g.gap << ", largest " << g.largest);
    CHECK(g.fits());
    compared += g.compared;
  }
  CHECK(compared > 4 * static_cast<int>(gaps.size()));
}

template <class Model>
std::vector<float> after_steps(int threads) {
  trainer_of<Model> model(threads);
  fill<Model>(model, 3);
  for (unsigned i = 0; i < 3; ++i) {
    model.accumulate(random_batch(3, 70, i));
    model.accumulate(random_batch(2, 33, 9 + i));
    model.update(1e-2, 1.0);
  }
  auto const all = model.parameters();
  return {all.begin(), all.end()};
}

}  // namespace

TEST_CASE("gradients are slopes: grouped attention, rotary positions, QK-norm, gates, a head of its own") {
  check_gradients<language_model<2, false>>(random_batch(3, 9, 1));
}

TEST_CASE("gradients are slopes: a tied head, a window, several tiles of tokens") {
  check_gradients<language_model<1, true, 40>>(random_batch(2, 130, 2));
}

TEST_CASE("gradients are slopes: differential attention, routed experts, latent keys, swapped axes") {
  check_gradients<workshop_model>(random_batch(2, 11, 5));
}

TEST_CASE("gradients are slopes: experts that tokens choose, a function of the user's own") {
  check_gradients<routed_model>(random_batch(2, 11, 6));
}

TEST_CASE("gradients are slopes: layers that see the first stream, one in the middle, the row before") {
  check_gradients<looking_back_model>(random_batch(2, 9, 12));
}

TEMPLATE_TEST_CASE("one, two and three threads give the same bits after several updates", "",
                   (language_model<2, true, 5>), routed_model) {
  auto const one = after_steps<TestType>(1);
  for (int threads : {2, 3}) {
    auto const more = after_steps<TestType>(threads);
    CHECK(std::memcmp(one.data(), more.data(), one.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("a batch without targets is skipped, one beyond the bounds refused") {
  using model = language_model<1, true>;
  trainer_of<model> learner(1);
  fill<model>(learner, 3);
  random_batch batch(2, 5, 4);
  std::ranges::fill(batch.targets, -1);
  CHECK(learner.accumulate(batch) == 0.0);
  CHECK(learner.update(1.0) == 0.0);
  CHECK_THROWS_AS(learner.accumulate(random_batch(4, 5, 1)), error);
}

namespace {

// Loss and all gradients of a batch.
template <class Model, learning Learns>
std::vector<float> gradients_of(random_batch const& batch) {
  using program = training_program<Model, bounds, Learns>;
  HWY_NAMESPACE::trainer<program, groups> model(2);
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (float& x : model.parameters()) x = 0.3F * normal(random);
  std::vector<float> out{static_cast<float>(model.accumulate(batch))};
  auto const& table = parameter_table<Model>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer) {
      auto const g = model.gradient(i, layer);
      out.insert(out.end(), g.begin(), g.end());
    }
  return out;
}

template <class Model, recompute_kind Kind>
void check_recomputed(random_batch const& batch) {
  constexpr learning keeps{.dropout = 0.2F, .recompute = recompute_kind::none};
  constexpr learning anew{.dropout = 0.2F, .recompute = Kind};
  auto const kept = gradients_of<Model, keeps>(batch);
  auto const again = gradients_of<Model, anew>(batch);
  CHECK(std::memcmp(kept.data(), again.data(), kept.size() * sizeof(float)) == 0);
  using one = training_program<Model, bounds, keeps>;
  using other = training_program<Model, bounds, anew>;
  CHECK(other::memory.floats < one::memory.floats);
  bool const more = count_flops(other::graph, bounds) > count_flops(one::graph, bounds);
  CHECK(more == (Kind == recompute_kind::blocks));
}

}  // namespace

TEST_CASE("values computed anew give the same bits, take less memory, and more products if they are of whole blocks") {
  check_recomputed<language_model<6, true, 5>, recompute_kind::blocks>(random_batch(3, 40, 8));
  check_recomputed<workshop_model, recompute_kind::blocks>(random_batch(2, 30, 9));
  check_recomputed<language_model<6, true, 5>, recompute_kind::pointwise>(random_batch(3, 40, 8));
}
