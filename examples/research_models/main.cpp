// Trains the model of MODEL_HEADER on the bytes of a text for a while, then writes in its manner.
//
//     adapter TEXT [seconds] [threads]
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "constformer/execute/ragged_batch.hpp"
#include "constformer/execute/forward-inl.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/schedules.hpp"
#include "constformer/train/torch_generator.hpp"
#include "constformer/train/trainer-inl.hpp"
#include MODEL_HEADER

namespace {

namespace native = constformer::HWY_NAMESPACE;
using model = research::model;
using ids = std::vector<std::int32_t>;

constexpr int length = 64, sequences = 16;
using training = constformer::training_program<model, {.tokens = length * sequences, .sequences = sequences}>;
using writing = constformer::forward_program<model, {.tokens = length}>;

using group = constformer::parameter_group<constformer::adamw_options>;
constexpr std::array groups{
    group{"matrices", constformer::is_matrix, {.beta2 = 0.99, .decay = 0.1}},
    group{"vectors", constformer::is_vector, {.beta2 = 0.99, .decay = 0.0}},
};
using trainer = native::trainer<training, groups>;

void initialise(trainer& learner, constformer::torch_generator& random) {
  auto const& table = constformer::parameter_table<model>;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer) {
      auto const values = learner.parameter(i, layer);
      if (table[i].role == constformer::parameter_role::scale)
        std::ranges::fill(values, 1.0F);
      else
        random.fill_normal(values, 0.0F, constformer::is_matrix(table[i]) ? 0.05F : 0.02F);
    }
}

ids read_bytes(char const* path) {
  std::ifstream in(path, std::ios::binary);
  ids out;
  for (auto c = std::istreambuf_iterator<char>(in); c != std::istreambuf_iterator<char>(); ++c)
    out.push_back(static_cast<unsigned char>(*c));
  if (out.size() <= length) throw std::runtime_error(std::string(path) + ": a text of more than 64 bytes is needed");
  return out;
}

void fill(constformer::ragged_batch& batch, ids const& text, constformer::torch_generator& random) {
  batch.clear();
  for (int i = 0; i < sequences; ++i) {
    auto const at = random.integer(0, static_cast<std::int64_t>(text.size()) - length);
    std::span const from(text.data() + at, length + 1);
    batch.add({.tokens = from.first(length), .targets = from.last(length)});
  }
}

// One byte after another, each drawn as the model thinks it likely.
std::string write(trainer& learner, ids text, int count, int threads, constformer::torch_generator& random) {
  native::forward_pass<writing> pass(learner.parameters(), threads);
  constformer::ragged_batch batch;
  std::string out;
  for (int n = 0; n < count; ++n) {
    if (text.size() > length) text.erase(text.begin());
    batch.clear();
    batch.add({.tokens = text});
    auto const logits = pass.run(batch);
    float const* const last = logits.data + (text.size() - 1) * logits.stride;
    float const peak = *std::max_element(last, last + research::bytes);
    float total = 0.0F;
    for (int i = 0; i < research::bytes; ++i) total += std::exp(last[i] - peak);
    float left = random.uniform() * total;
    int chosen = 0;
    while (chosen + 1 < research::bytes && (left -= std::exp(last[chosen] - peak)) > 0.0F) ++chosen;
    out += static_cast<char>(chosen);
    text.push_back(chosen);
  }
  return out;
}

void run(char const* path, double seconds, int threads) {
  ids const text = read_bytes(path);
  trainer learner(threads);
  constformer::torch_generator random(1);
  initialise(learner, random);
  std::printf("%lld parameters, %.1f MB of memory\n", static_cast<long long>(constformer::count_parameters<model>()),
              static_cast<double>(trainer::bytes(threads)) * 1e-6);
  constformer::ragged_batch batch;
  auto const start = std::chrono::steady_clock::now();
  double average = 0.0;
  for (int step = 0;; ++step) {
    double const gone = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / seconds;
    fill(batch, text, random);
    double const loss = learner.accumulate(batch);
    average = step == 0 ? loss : 0.98 * average + 0.02 * loss;
    if (step % 100 == 0 || gone >= 1.0) std::printf("step %d  loss %.3f\n", step, average);
    if (gone >= 1.0) break;
    learner.update(2e-3 * std::min(1.0, (step + 1) / 50.0) * (1.0 - 0.9 * gone), 1.0);
  }
  std::printf("%s\n", write(learner, {text.begin(), text.begin() + 32}, 300, threads, random).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: PROGRAM TEXT [seconds] [threads]\n", stderr), 2;
  try {
    run(argv[1], argc > 2 ? std::atof(argv[2]) : 60.0, argc > 3 ? std::atoi(argv[3]) : 1);
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
