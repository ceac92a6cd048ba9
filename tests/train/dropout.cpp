// Dropout's masks, told again outside of the trainer: losses and gradients are those of the masked model.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "constformer/kernels/coins.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/execute/ragged_batch.hpp"
#include "constformer/kernels/sgd.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/trainer-inl.hpp"
#include "dropout_model.hpp"

using namespace constformer;

namespace {

constexpr bool everything(parameter_entry const&) { return true; }
constexpr std::array groups{parameter_group<sgd_options>{"all", everything, {}}};
constexpr int length = 9, sequences = 2, tokens = length * sequences;

template <class Model>
using program_of = training_program<Model, {.tokens = tokens, .sequences = sequences}>;
template <class Model>
using trainer_of = HWY_NAMESPACE::trainer<program_of<Model>, groups>;

struct batch {
  std::vector<std::int32_t> ids, positions, targets;
  batch() {
    for (int i = 0; i < tokens; ++i) {
      ids.push_back(i * 5 % dropping::vocab);
      positions.push_back(i % length);
      targets.push_back(i % 4 == 3 ? -1 : i * 7 % dropping::vocab);
    }
  }
  operator token_batch() const { return {ids.data(), positions.data(), targets.data(), sequences, length}; }
};

template <class Model>
void fill(trainer_of<Model>& learner) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  auto const& table = parameter_table<Model>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer)
      for (float& x : learner.parameter(i, layer)) x = 0.4F * normal(random) + (is_vector(table[i]) ? 0.8F : 0.0F);
}

template <class Model>
int first_site() {
  for (node const& n : program_of<Model>::graph.nodes)
    if (n.kind == node_kind::dropout) return n.index;
  return -1;
}

// Cross-entropy of head·(mask·table[id]/(1 − p)) and its gradients, in double precision.
struct by_hand {
  double loss = 0.0;
  std::vector<double> table, head;

  by_hand(std::span<float const> e, std::span<float const> w, batch const& b, std::uint64_t coins) {
    using dropping::vocab, dropping::width;
    table.assign(e.size(), 0.0);
    head.assign(w.size(), 0.0);
    double const count = static_cast<double>(std::ranges::count_if(b.targets, [](auto t) { return t >= 0; }));
    for (int t = 0; t < tokens; ++t) {
      auto const at = static_cast<std::size_t>(t);
      if (b.targets[at] < 0) continue;
      std::array<double, vocab> logits{};
      std::array<double, width> x{}, factor{};
      auto const row = static_cast<std::size_t>(b.ids[at]) * width;
      std::uint64_t const coins_here = coins_of_row(coins, first_site<dropping::shallow>(), 0, at);
      for (std::size_t c = 0; c < width; ++c) {
        factor[c] = is_dropped(coins_here, static_cast<int>(c), dropping::p) ? 0.0 : 1.0 / (1.0 - double{dropping::p});
        x[c] = factor[c] * double{e[row + c]};
      }
      double total = 0.0;
      for (std::size_t v = 0; v < vocab; ++v) {
        for (std::size_t c = 0; c < width; ++c) logits[v] += double{w[v * width + c]} * x[c];
        total += std::exp(logits[v]);
      }
      auto const target = static_cast<std::size_t>(b.targets[at]);
      loss += (std::log(total) - logits[target]) / count;
      for (std::size_t v = 0; v < vocab; ++v) {
        double const slope = (std::exp(logits[v]) / total - (v == target ? 1.0 : 0.0)) / count;
        for (std::size_t c = 0; c < width; ++c) {
          head[v * width + c] += slope * x[c];
          table[row + c] += slope * double{w[v * width + c]} * factor[c];
        }
      }
    }
  }
};

void near(std::span<float const> got, std::vector<double> const& want) {
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(std::abs(double{got[i]} - want[i]) < 1e-6);
}

}  // namespace

TEST_CASE("loss and gradients are those of the model under the masks that coins tell, pass by pass") {
  trainer_of<dropping::shallow> learner(2);
  fill<dropping::shallow>(learner);
  batch const b;
  learner.seed = 42;
  double before = 0.0;
  for (std::int64_t pass = 0; pass < 3; ++pass) {
    learner.resume({.steps = 0, .passes = pass, .seed = 42});
    double const loss = learner.accumulate(b);
    by_hand const want(learner.parameter(0), learner.parameter(1), b, coins_of(42, pass));
    CHECK(std::abs(loss - want.loss) < 1e-6);
    CHECK(loss != before);
    near(learner.gradient(0), want.table);
    near(learner.gradient(1), want.head);
    before = loss;
  }
}

TEMPLATE_TEST_CASE("gradients of a deep model are slopes of its loss under the same masks", "", dropping::deep,
                   dropping::looking) {
  using model = TestType;
  trainer_of<model> learner(2);
  fill<model>(learner);
  batch const b;
  auto const loss = [&] {
    learner.resume({.steps = 0, .passes = 5, .seed = 7});
    return learner.accumulate(b);
  };
  auto const& table = parameter_table<model>;
  std::mt19937 random(1);
  loss();
  std::vector<std::vector<float>> gradients;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer)
      gradients.emplace_back(learner.gradient(i, layer).begin(), learner.gradient(i, layer).end());
  std::size_t tensor = 0;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer, ++tensor) {
      std::vector<float> const& g = gradients[tensor];
      float largest = 0.0F;
      for (float x : g) largest = std::max(largest, std::abs(x));
      for (int trial = 0; trial < 5; ++trial) {
        std::size_t const at = random() % g.size();
        float& x = learner.parameter(i, layer)[at];
        float const kept = x;
        x = kept + 1e-2F;
        double const above = loss();
        x = kept - 1e-2F;
        double const below = loss();
        x = kept;
        INFO(std::string(table[i].name.view()) << " of layer " << layer);
        CHECK(std::abs((above - below) / 2e-2 - double{g[at]}) < 0.01 * double{largest} + 2e-4);
      }
    }
}

TEST_CASE("attention whose probabilities are dropped has torch's loss and gradients under the same masks") {
  std::ifstream in(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/train/dropped_attention.json");
  auto const theirs = nlohmann::json::parse(in);
  using program = training_program<dropping::looking_once, {.tokens = 79, .sequences = 2, .length = 70}>;
  HWY_NAMESPACE::trainer<program, groups> learner(2);
  auto const& table = parameter_table<dropping::looking_once>;
  for (std::size_t i = 0; i < table.size(); ++i) {
    auto const values = learner.parameter(i);
    for (std::size_t at = 0; at < values.size(); ++at)
      values[at] = static_cast<float>(0.3 * std::sin(0.37 * static_cast<double>(at) + static_cast<double>(i)));
  }
  ragged_batch b;
  for (int first = 0; int const count : {70, 9}) {
    std::vector<std::int32_t> ids, targets;
    for (int row = first; row < first + count; ++row) {
      ids.push_back(row * 5 % dropping::vocab);
      targets.push_back(row * 7 % dropping::vocab);
    }
    b.add({.tokens = ids, .targets = targets});
    first += count;
  }
  learner.resume({.steps = 0, .passes = 3, .seed = 42});
  CHECK(std::abs(learner.accumulate(b) - theirs["loss"].get<double>()) < 1e-6);
  for (std::size_t i = 0; i < table.size(); ++i) near(learner.gradient(i), theirs["gradients"][i]);
}

TEST_CASE("coins fall as often as they should, and those of other passes, calls, layers and rows are others") {
  constexpr int columns = 64;
  auto const mask = [](std::uint64_t coins, int site, int layer, std::size_t first) {
    std::vector<bool> out;
    for (std::size_t r = first; r < first + 2000; ++r)
      for (int c = 0; c < columns; ++c) out.push_back(is_dropped(coins_of_row(coins, site, layer, r), c, 0.3F));
    return out;
  };
  auto const base = mask(coins_of(1, 0), 3, 0, 0);
  double const n = static_cast<double>(base.size());
  CHECK(std::abs(static_cast<double>(std::ranges::count(base, true)) - 0.3 * n) < 4.0 * std::sqrt(0.21 * n));
  for (auto const& other : {mask(coins_of(1, 1), 3, 0, 0), mask(coins_of(2, 0), 3, 0, 0), mask(coins_of(1, 0), 4, 0, 0),
                            mask(coins_of(1, 0), 3, 1, 0), mask(coins_of(1, 0), 3, 0, 1)}) {
    double both = 0.0;
    for (std::size_t i = 0; i < base.size(); ++i) both += base[i] && other[i] ? 1.0 : 0.0;
    CHECK(std::abs(both - 0.09 * n) < 4.0 * std::sqrt(0.09 * 0.91 * n));
  }
}
