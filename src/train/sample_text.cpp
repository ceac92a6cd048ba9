#include "sample_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "constformer/core/random.hpp"

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

}  // namespace

std::string sample_text(learner& model, learner_facts const& facts, tokenizer const& tokens,
                        run_settings const& settings, std::uint64_t seed) {
  std::vector<int> const prompt = tokens.encode(settings.prompt);
  std::vector<std::int32_t> ids(prompt.begin(), prompt.end());
  auto const context = static_cast<std::size_t>(facts.bounds.longest());
  if (ids.empty()) return {};
  xorshift64_star random(mix_seed(seed));
  std::string out = settings.prompt;
  auto const stream = tokens.stream();
  for (int i = 0; i < settings.sample_tokens; ++i) {
    std::size_t const seen = std::min(ids.size(), context);
    std::int32_t const next = draw(model.foretell(std::span<std::int32_t const>(ids).last(seen)), settings.temperature,
                                   settings.top_k, random);
    ids.push_back(next);
    out += stream->push(next);
  }
  out += stream->flush();
  return out;
}

}  // namespace constformer::train
