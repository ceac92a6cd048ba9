#include "sample_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "constformer/core/random.hpp"
#include "constformer/execute/ragged_batch.hpp"

namespace constformer::train {

namespace {

// An id drawn by the softmax of logits/temperature over the top_k largest; temperature 0: the largest.
std::int32_t draw(std::span<float const> logits, double temperature, int top_k, xorshift64_star& random) {
  auto const best = std::ranges::max_element(logits);
  if (temperature <= 0.0) return static_cast<std::int32_t>(best - logits.begin());
  std::vector<float> sorted(logits.begin(), logits.end());
  auto const kept = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(top_k, 0)), 1, sorted.size());
  auto const edge = sorted.begin() + static_cast<std::ptrdiff_t>(top_k > 0 ? kept : sorted.size()) - 1;
  std::ranges::nth_element(sorted, edge, std::greater<>());
  float const least = *edge;
  std::vector<double> weights(logits.size());
  double total = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i)
    total += weights[i] = logits[i] < least ? 0.0 : std::exp(static_cast<double>(logits[i] - *best) / temperature);
  double left = random.next_double() * total;
  std::size_t id = 0;
  while (id + 1 < weights.size() && (left -= weights[id]) >= 0.0) ++id;
  return static_cast<std::int32_t>(id);
}

// What the model writes after `ids`; one that is asked to reply is done at the first token that is no text.
std::string write_on(learner& model, learner_facts const& facts, tokenizer const& tokens, std::vector<std::int32_t> ids,
                     run_settings const& settings, std::uint64_t seed, bool replies) {
  auto const context = static_cast<std::size_t>(facts.bounds.longest());
  xorshift64_star random(mix_seed(seed));
  std::string out;
  auto const stream = tokens.stream();
  ragged_batch seen;
  for (int i = 0; i < settings.sample.tokens; ++i) {
    seen.clear();
    seen.add({.tokens = std::span<std::int32_t const>(ids).last(std::min(ids.size(), context))});
    std::int32_t const next = draw(model.foretell(seen), settings.sample.temperature, settings.sample.top_k, random);
    if (replies && tokens.is_special(next)) break;
    ids.push_back(next);
    out += stream->push(next);
  }
  out += stream->flush();
  return out;
}

}  // namespace

std::string sample_text(learner& model, learner_facts const& facts, tokenizer const& tokens,
                        run_settings const& settings, std::uint64_t seed) {
  std::vector<int> const prompt = tokens.encode(settings.sample.prompt);
  if (prompt.empty()) return {};
  return settings.sample.prompt + write_on(model, facts, tokens, {prompt.begin(), prompt.end()}, settings, seed, false);
}

std::string sample_reply(learner& model, learner_facts const& facts, tokenizer const& tokens,
                         batch_sequence const& conversation, run_settings const& settings, std::uint64_t seed) {
  auto const first = std::ranges::find_if(conversation.targets, [](std::int32_t id) { return id >= 0; });
  auto const asked = static_cast<std::size_t>(first - conversation.targets.begin()) + 1;
  if (asked > conversation.tokens.size()) return {};
  std::vector<std::int32_t> const ids(conversation.tokens.begin(),
                                      conversation.tokens.begin() + static_cast<std::ptrdiff_t>(asked));
  return tokens.decode(ids) + "\n> " + write_on(model, facts, tokens, ids, settings, seed, true) + "\n";
}

}  // namespace constformer::train
