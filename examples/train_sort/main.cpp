// Trains a GPT that sorts six letters until it is right on all 729 inputs; takes seconds.
//
//     train_sort [threads]
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "constformer/execute/forward-inl.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/schedules.hpp"
#include "constformer/train/torch_generator.hpp"
#include "constformer/train/trainer-inl.hpp"
#include "sorter.hpp"

namespace {

namespace native = constformer::HWY_NAMESPACE;
constexpr int length = 2 * sorted_length - 1;  // six letters, and five of the six sorted ones
constexpr int batch_size = 96, every_input = 729;

using training =
    constformer::training_program<sorter, {.tokens = batch_size * length, .sequences = batch_size, .length = length}>;
using decoding =
    constformer::forward_program<sorter, {.tokens = every_input * length, .sequences = every_input, .length = length}>;

using group = constformer::parameter_group<constformer::adamw_options>;
constexpr std::array groups{
    group{"matrices", constformer::is_matrix, {.beta2 = 0.95, .decay = 0.1}},
    group{"vectors", constformer::is_vector, {.beta2 = 0.95, .decay = 0.0}},
};
using trainer = native::trainer<training, groups>;

// GPT-2's: N(0, 0.02), norms 1, biases 0.
void initialise(trainer& model, constformer::torch_generator& random) {
  auto const& table = constformer::parameter_table<sorter>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer) {
      auto const values = model.parameter(i, layer);
      if (constformer::is_matrix(table[i]))
        random.fill_normal(values, 0.0F, 0.02F);
      else
        std::ranges::fill(values, table[i].role == constformer::parameter_role::scale ? 1.0F : 0.0F);
    }
}

// Sequences of six letters and the sorted ones after them; only the latter are to be foretold.
struct examples {
  std::vector<std::int32_t> tokens, positions, targets;

  void add(std::array<std::int32_t, sorted_length> letters_in, bool with_answer) {
    std::array<std::int32_t, 2 * sorted_length> both{};
    std::ranges::copy(letters_in, both.begin());
    if (with_answer) std::ranges::sort(letters_in);
    std::ranges::copy(letters_in, both.begin() + sorted_length);
    for (int i = 0; i < length; ++i) {
      tokens.push_back(both[static_cast<std::size_t>(i)]);
      positions.push_back(i);
      targets.push_back(i < sorted_length - 1 ? -1 : both[static_cast<std::size_t>(i) + 1]);
    }
  }
  constformer::token_batch batch() const {
    return {tokens.data(), positions.data(), targets.data(), static_cast<int>(tokens.size()) / length, length};
  }
};

// How many of all inputs greedy decoding sorts.
int count_sorted(native::forward_pass<decoding>& model) {
  examples all;
  for (int i = 0; i < every_input; ++i) {
    std::array<std::int32_t, sorted_length> input{};
    for (int j = 0, rest = i; j < sorted_length; ++j, rest /= letters)
      input[static_cast<std::size_t>(j)] = rest % letters;
    all.add(input, true);
  }
  std::vector<bool> right(every_input, true);
  for (int place = sorted_length - 1; place < length; ++place) {
    auto const logits = model.run(all.batch());
    for (int i = 0; i < every_input; ++i) {
      auto const row = static_cast<std::size_t>(i * length + place);
      float const* const scores = logits.data + row * logits.stride;
      auto const best = static_cast<std::int32_t>(std::max_element(scores, scores + letters) - scores);
      if (best != all.targets[row]) right[static_cast<std::size_t>(i)] = false;
      if (place + 1 < length) all.tokens[row + 1] = best;
    }
  }
  return static_cast<int>(std::ranges::count(right, true));
}

}  // namespace

int main(int argc, char** argv) {
  int const threads = argc > 1 ? std::atoi(argv[1]) : 1;
  trainer model(threads);
  native::forward_pass<decoding> decoder(model.parameters(), threads);
  constformer::torch_generator random(1337);
  initialise(model, random);

  constexpr int steps = 1500;
  constformer::cosine_schedule const schedule{.rate = 1e-3, .least = 5e-5, .warmup = 50, .steps = steps};
  for (int step = 0; step < steps; ++step) {
    examples batch;
    for (int i = 0; i < batch_size; ++i) {
      std::array<std::int32_t, sorted_length> input{};
      for (auto& letter : input) letter = static_cast<std::int32_t>(random.integer(0, letters));
      batch.add(input, true);
    }
    double const loss = model.accumulate(batch.batch());
    model.update(schedule.at(step), 1.0);
    if ((step + 1) % 100 != 0) continue;
    int const sorted = count_sorted(decoder);
    std::printf("step %d  loss %.6f  %d of %d sorted\n", step + 1, loss, sorted, every_input);
    if (sorted == every_input && loss < 1e-3) return 0;
  }
  return 1;
}
