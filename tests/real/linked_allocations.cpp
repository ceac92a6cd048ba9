// After start-up nothing allocates: neither the real engine nor the samplers, with one thread and with two.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <span>
#include <vector>

#include "allocations.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "unit.hpp"

namespace {

using constformer::sampling_options;

// What a session's whole life after its start allocates: prefill, scores, decode steps and a new beginning.
long allocations_of_session(constformer::session& model, int vocab) {
  std::vector<int> prompt(static_cast<std::size_t>(model.capacity()) / 2);
  for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<int>(i * 7 % static_cast<std::size_t>(vocab));
  constformer::session::row_sink const sink = [](int, std::span<float const>) {};
  long const before = end_to_end::allocations();
  model.append(prompt);
  while (model.position() < model.capacity()) model.append(std::array{model.position() % vocab});
  model.rewind(0);
  model.score(prompt, sink);
  return end_to_end::allocations() - before;
}

long allocations_of_generation(constformer::session& model, int vocab, sampling_options const& options) {
  auto const choose = constformer::make_sampler(options, vocab, model.capacity());
  std::array const prompt{0, 1, 2};
  int tokens = 0;
  constformer::token_sink const sink = [&tokens](int) { return ++tokens > 0; };
  model.rewind(0);
  long const before = end_to_end::allocations();
  auto const result = constformer::generate(model, *choose, prompt, {}, sink);
  long const after = end_to_end::allocations();
  CHECK(result.tokens == model.capacity() - 2);
  return after - before;
}

}  // namespace

TEST_CASE("allocations are counted") {
  long const before = end_to_end::allocations();
  std::vector<int> const some(100);
  auto* const more = new double(some.front());
  CHECK(end_to_end::allocations() >= before + 2);
  delete more;
}

TEST_CASE("a session allocates nothing after its start") {
  for (int const threads : {1, 2}) {
    auto const model = end_to_end::start_linked_model(threads);
    CAPTURE(threads);
    CHECK(allocations_of_session(*model, constformer::linked_unit().configuration->vocab) == 0);
  }
}

TEST_CASE("choosing tokens allocates nothing") {
  int const vocab = constformer::linked_unit().configuration->vocab;
  auto const model = end_to_end::start_linked_model(2);
  for (auto const& options :
       {sampling_options{.temperature = 0}, sampling_options{.seed = 1}, sampling_options{.top_k = 0, .seed = 2},
        sampling_options{.repeat_penalty = 1.3F,
                         .repeat_last_n = -1,
                         .presence_penalty = 0.1F,
                         .frequency_penalty = 0.1F,
                         .seed = 3},
        constformer::llama2c_defaults()})
    CHECK(allocations_of_generation(*model, vocab, options) == 0);
}
