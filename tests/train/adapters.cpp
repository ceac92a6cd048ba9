// A frozen model with adapters: gradients, memory and states are those of the adapters alone.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/config/families.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/layers/adapted_linear.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/layers/transformer.hpp"
#include "constformer/passes/count_flops.hpp"
#include "constformer/testing/gradient_check.hpp"
#include "constformer/train/trainer-inl.hpp"
#include "constformer/train/optimizer_groups.hpp"

using namespace constformer;

namespace {

constexpr int vocab = 23, width = 12, sequences = 2, length = 9;
constexpr batch_bounds bounds{.tokens = sequences * length, .sequences = sequences, .length = length};

// One's own: a norm with weights and a biased head, all frozen, around one adapted layer.
struct own_model {
  static constexpr adapter_options lora{.rank = 3, .scale = 2.0F};
  using table_type = embedding<vocab, width>;
  using norm_type = norm_layer<width, true>;
  using mix_type = adapted_linear<linear<width, width, true>, lora>;
  using head_type = linear<vocab, width, true>;
  BOOST_HANA_DEFINE_STRUCT(own_model, (table_type, tokens), (mix_type, first), (norm_type, norm), (mix_type, second),
                           (head_type, head));

  constexpr value operator()(value ids) const {
    value const x = silu(first(tokens(ids)));
    return head(x + second(norm(x, norm_kind::layer_norm, 1e-5F)));
  }
};

// A whole transformer: relative positions, whose table all layers share, and grouped attention.
constexpr config relative_config = [] {
  config c =
      llama({.layers = 2, .d_model = width, .heads = 4, .kv_heads = 2, .d_ff = 20, .vocab = vocab, .positions = 16});
  c.position = position_kind::relative;
  c.rope = {};
  c.relative = {.buckets = 4, .max_distance = 8};
  return c;
}();
using whole_transformer =
    model_parameters<relative_config,
                     adapter_options{.rank = 2, .scale = 1.5F, .query = true, .value = true, .up = true, .down = true}>;

template <class Model>
using frozen_program = training_program<Model, bounds, learning{.trains = &adapters_alone}>;
template <class Program>
using trainer_of = HWY_NAMESPACE::trainer<Program, optimizer_groups::adamw>;

struct random_batch {
  std::vector<std::int32_t> tokens, positions, targets;

  random_batch() {
    std::mt19937 random(5);
    for (int i = 0; i < sequences * length; ++i) {
      tokens.push_back(static_cast<std::int32_t>(random() % vocab));
      positions.push_back(i % length);
      targets.push_back(static_cast<std::int32_t>(random() % vocab));
    }
  }
  operator token_batch() const { return {tokens.data(), positions.data(), targets.data(), sequences, length}; }
};

template <class Model, class Trainer>
void fill(Trainer& trainer) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  auto const& table = parameter_table<Model>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer)
      for (float& x : trainer.parameter(i, layer)) x = 0.3F * normal(random) + (is_vector(table[i]) ? 0.7F : 0.0F);
}

template <class Model>
void check_frozen() {
  using program = frozen_program<Model>;
  using trainer = trainer_of<program>;
  trainer learner(2);
  fill<Model>(learner);
  random_batch const batch;
  int compared = 0;
  for (auto const& gap : testing::check_gradients(learner, batch)) {
    INFO(gap.name.view());
    CHECK((gap.compared > 0) == (gap.name.view().find(".lora_") != std::string_view::npos));
    CHECK(gap.gap <= 0.01F * gap.largest + 1e-4F);
    compared += gap.compared > 0 ? 1 : 0;
  }
  CHECK(compared > 0);

  auto const& table = parameter_table<Model>;
  std::vector<float> const before(learner.parameters().begin(), learner.parameters().end());
  learner.accumulate(batch);
  learner.update(1e-2);
  for (std::size_t i = 0; i < table.size(); ++i) {
    INFO(table[i].name.view());
    auto const now = learner.parameter(i);
    auto const then = before.begin() + (now.data() - learner.parameters().data());
    CHECK(std::equal(now.begin(), now.end(), then) == !is_adapter(table[i]));
    CHECK(learner.gradient(i).empty() == !is_adapter(table[i]));
  }
  learner.for_each_state([&](optimizer_state const& state) { CHECK(is_adapter(table[state.entry])); });

  using space = HWY_NAMESPACE::workspace<program, trainer::states.scratch>;
  CHECK(trainer::bytes(1) == arena::bytes_for<float>(static_cast<std::size_t>(
                                 program::parameters.floats + program::parameters.trained + trainer::states.floats)) +
                                 arena::bytes_for<float>(learner.gradient_norms_of_tensors().size()) + space::bytes(1));
}

}  // namespace

TEST_CASE("a model of one's own learns through its adapters alone") { check_frozen<own_model>(); }

TEST_CASE("so does a transformer of a config") { check_frozen<whole_transformer>(); }

TEST_CASE("a frozen model costs fewer operations and less memory") {
  using whole = training_program<whole_transformer, bounds>;
  using frozen = frozen_program<whole_transformer>;
  STATIC_CHECK(count_flops(frozen::graph, bounds) < count_flops(whole::graph, bounds));
  STATIC_CHECK(frozen::memory.floats <= whole::memory.floats);
  STATIC_CHECK(frozen::parameters.trained < frozen::parameters.floats / 2);
  STATIC_CHECK(whole::parameters.trained == whole::parameters.floats);
  STATIC_CHECK(2 * trainer_of<frozen>::states.floats < trainer_of<whole>::states.floats);
}
