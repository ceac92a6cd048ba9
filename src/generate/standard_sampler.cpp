#include "standard_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <range/v3/algorithm/copy.hpp>
#include <range/v3/algorithm/min_element.hpp>
#include <range/v3/algorithm/partial_sort_copy.hpp>
#include <range/v3/algorithm/partition.hpp>
#include <range/v3/algorithm/sort.hpp>
#include <range/v3/numeric/accumulate.hpp>
#include <range/v3/range/operations.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/partial_sum.hpp>
#include <range/v3/view/take_while.hpp>
#include <range/v3/view/transform.hpp>

#include "constformer/core/error.hpp"

namespace constformer::detail {

namespace {

constexpr float nothing = -std::numeric_limits<float>::infinity();

// A total order, so that the outcome does not depend on how an algorithm visits equal logits.
constexpr auto better = [](candidate const& a, candidate const& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
};

// exp((logit − greatest) / temperature): probabilities up to a common factor.
auto weights(float greatest, double temperature) {
  return ranges::views::transform([greatest, temperature](candidate const& c) {
    return std::exp((static_cast<double>(c.logit) - static_cast<double>(greatest)) / temperature);
  });
}

void require_finite(float logit) {
  if (!std::isfinite(logit)) throw error("sampling: no logit of the model is a finite number");
}

bool has_penalties(sampling_options const& o) {
  return o.repeat_last_n != 0 && (o.repeat_penalty != 1 || o.presence_penalty != 0 || o.frequency_penalty != 0);
}

int window_of(sampling_options const& o, int capacity) {
  if (!has_penalties(o)) return 0;
  return o.repeat_last_n < 0 ? capacity : std::min(o.repeat_last_n, capacity);
}

std::size_t buffer_size(sampling_options const& o, int vocab) {
  return static_cast<std::size_t>(o.top_k == 0 ? vocab : std::min(o.top_k, vocab));
}

}  // namespace

standard_sampler::standard_sampler(sampling_options const& options, int vocab, int capacity)
    : options_(options),
      penalised_(has_penalties(options)),
      buffer_(buffer_size(options, vocab)),
      recent_(vocab, window_of(options, capacity)),
      random_(mix_seed(options.seed)) {}

// Repetition: Keskar et al. 2019, arXiv:1909.05858, by sign as Hugging Face and llama.cpp have it.
float standard_sampler::adjusted(int id, float logit) const {
  if (!penalised_) return logit;
  int const count = recent_.count(id);
  if (count == 0) return logit;
  logit = logit <= 0 ? logit * options_.repeat_penalty : logit / options_.repeat_penalty;
  return logit - static_cast<float>(count) * options_.frequency_penalty - options_.presence_penalty;
}

int standard_sampler::choose(std::span<float const> logits) {
  if (options_.temperature == 0) return greatest(logits).id;
  auto const sorted = shortlist(logits);
  return draw(sorted);
}

namespace {

// The logits as candidates; NaN never wins.
template <class Adjust>
auto candidates_of(std::span<float const> logits, Adjust adjust) {
  return ranges::views::iota(0, static_cast<int>(logits.size())) | ranges::views::transform([logits, adjust](int id) {
           float const logit = adjust(id, logits[static_cast<std::size_t>(id)]);
           return candidate{id, std::isnan(logit) ? nothing : logit};
         });
}

}  // namespace

candidate standard_sampler::greatest(std::span<float const> logits) const {
  auto const candidates = candidates_of(logits, [this](int id, float logit) { return adjusted(id, logit); });
  candidate const best = ranges::min(candidates, better);
  require_finite(best.logit);
  return best;
}

// What top-k, top-p and min-p leave, likeliest first. Both thresholds keep a beginning of the sorted row, so min-p may
// go first and spare sorting a whole vocabulary; top-p counts the mass of what top-k left, whatever min-p takes off it.
std::span<candidate> standard_sampler::shortlist(std::span<float const> logits) {
  auto const candidates = candidates_of(logits, [this](int id, float logit) { return adjusted(id, logit); });
  std::span<candidate> kept(buffer_);
  bool const all = kept.size() == logits.size();
  if (all)
    ranges::copy(candidates, kept.begin());
  else
    ranges::partial_sort_copy(candidates, kept, better);

  float const top = all ? ranges::min_element(kept, better)->logit : kept.front().logit;
  require_finite(top);
  double const total = options_.top_p < 1 ? ranges::accumulate(kept | weights(top, threshold_temperature()), 0.0) : 0.0;

  double const least = options_.min_p > 0 ? static_cast<double>(top) +
                                                threshold_temperature() * std::log(static_cast<double>(options_.min_p))
                                          : nothing;
  auto const likely = [least](candidate const& c) {
    return static_cast<double>(c.logit) >= least && c.logit != nothing;
  };
  kept = kept.first(static_cast<std::size_t>(ranges::partition(kept, likely) - kept.begin()));
  ranges::sort(kept, better);
  return kept.first(within_top_p(kept, total));
}

std::size_t standard_sampler::within_top_p(std::span<candidate const> sorted, double total) const {
  if (options_.top_p >= 1) return sorted.size();
  double const enough = static_cast<double>(options_.top_p) * total;
  auto const short_of = [enough](double mass) { return mass < enough; };
  auto masses = sorted | weights(sorted.front().logit, threshold_temperature()) | ranges::views::partial_sum |
                ranges::views::take_while(short_of);
  return std::min(static_cast<std::size_t>(ranges::distance(masses)) + 1, sorted.size());
}

int standard_sampler::draw(std::span<candidate const> sorted) {
  auto const weight = weights(sorted.front().logit, static_cast<double>(options_.temperature));
  double const target = random_.next_double() * ranges::accumulate(sorted | weight, 0.0);
  auto const below = [target](double mass) { return mass <= target; };
  auto masses = sorted | weight | ranges::views::partial_sum | ranges::views::take_while(below);
  auto const index = std::min(static_cast<std::size_t>(ranges::distance(masses)), sorted.size() - 1);
  return sorted[index].id;
}

}  // namespace constformer::detail
