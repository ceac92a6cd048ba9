#include "constformer/generate/generation.hpp"

#include <algorithm>
#include <chrono>

#include "constformer/core/error.hpp"
#include "constformer/core/text.hpp"

namespace constformer {

namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point start) { return std::chrono::duration<double>(clock::now() - start).count(); }

void check_prompt(session const& model, std::span<int const> prompt) {
  if (prompt.empty()) throw error("generation: the prompt has no tokens");
  int const room = model.capacity() - model.position();
  if (prompt.size() > static_cast<std::size_t>(room))
    throw error(std::string(
        format_message("generation: the prompt has {} tokens, the context has room for {}", prompt.size(), room)
            .view()));
}

generation_end decode(session& model, sampler& choose, std::span<float const> logits, generation_limits const& limits,
                      token_sink const& sink, generation_result& result) {
  while (result.tokens != limits.max_tokens) {
    int const id = choose.choose(logits);
    if (std::ranges::find(limits.stop_ids, id) != limits.stop_ids.end()) return generation_end::stop_id;
    choose.accept(id);
    ++result.tokens;
    if (!sink(id)) return generation_end::sink;
    if (result.tokens == limits.max_tokens) break;  // nobody would look at its logits
    if (model.position() == model.capacity()) return generation_end::context_full;
    logits = model.append(std::span(&id, 1));
    ++result.decode_steps;
  }
  return generation_end::max_tokens;
}

}  // namespace

generation_result generate(session& model, sampler& choose, std::span<int const> prompt,
                           generation_limits const& limits, token_sink const& sink) {
  check_prompt(model, prompt);
  generation_result result{.prompt_tokens = static_cast<int>(prompt.size())};
  for (int const id : prompt) choose.accept(id);

  auto start = clock::now();
  auto const logits = model.append(prompt);
  result.prefill_seconds = seconds_since(start);

  start = clock::now();
  result.end = decode(model, choose, logits, limits, sink, result);
  result.decode_seconds = seconds_since(start);
  return result;
}

}  // namespace constformer
