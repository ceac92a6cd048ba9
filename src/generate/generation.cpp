#include "constformer/generate/generation.hpp"

#include "choices.hpp"

namespace constformer {

using detail::generation_clock;

namespace {

void decode(session& model, sampler& choose, std::span<float const> logits, generation_limits const& limits,
            choice_sink const& sink, generation_result& result) {
  while (true) {
    bool const full = model.position() == model.capacity();
    auto const id = detail::next_choice(choose, logits, limits, full, sink, result);
    if (!id) return;
    logits = model.append(std::span(&*id, 1));
    ++result.decode_steps;
  }
}

}  // namespace

generation_result generate(session& model, sampler& choose, std::span<int const> prompt,
                           generation_limits const& limits, choice_sink const& sink) {
  detail::check_prompt(prompt, model.capacity() - model.position());
  generation_result result{.prompt_tokens = static_cast<int>(prompt.size())};
  if (model.position() == 0) choose.restart();
  for (int const id : prompt) choose.accept(id);

  auto start = generation_clock::now();
  auto const logits = model.append(prompt);
  result.prefill_seconds = detail::seconds_since(start);

  start = generation_clock::now();
  decode(model, choose, logits, limits, sink, result);
  result.decode_seconds = detail::seconds_since(start);
  return result;
}

generation_result generate(session& model, sampler& choose, std::span<int const> prompt,
                           generation_limits const& limits, token_sink const& sink) {
  // One reference: std::function keeps it without allocating.
  return generate(model, choose, prompt, limits,
                  choice_sink([&sink](int id, std::span<float const>) { return sink(id); }));
}

}  // namespace constformer
