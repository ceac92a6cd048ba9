#include "standard_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <range/v3/algorithm/copy.hpp>
#include <range/v3/algorithm/min_element.hpp>
#include <range/v3/algorithm/partial_sort_copy.hpp>
#include <range/v3/algorithm/partition.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/transform.hpp>

#include "constformer/core/error.hpp"

namespace constformer::detail {

namespace {

constexpr float nothing = -std::numeric_limits<float>::infinity();

// A total order, so that the outcome does not depend on how an algorithm visits equal logits.
constexpr auto better = [](candidate const& a, candidate const& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
};

// weight = exp((logit − greatest) / temperature); the sum of them.
double weigh(std::span<candidate> all, float greatest, double temperature) {
  double sum = 0;
  for (candidate& c : all) {
    c.weight = std::exp((static_cast<double>(c.logit) - static_cast<double>(greatest)) / temperature);
    sum += c.weight;
  }
  return sum;
}

// Moves those that are not worse than some one of [first, last) to the front; says where the others begin, which is
// behind the front and before the end.
candidate* split(candidate* first, candidate* last) {
  candidate* const middle = first + (last - first) / 2;
  if (better(*middle, *first)) std::swap(*middle, *first);
  if (better(*(last - 1), *middle)) std::swap(*(last - 1), *middle);
  if (better(*middle, *first)) std::swap(*middle, *first);
  candidate const pivot = *middle;  // neither the best nor the worst
  return std::partition(first, last, [&pivot](candidate const& c) { return !better(pivot, c); });
}

// How many of the likeliest have a mass that is enough; these then come first, in no order but for the last of them.
template <class Enough>
std::size_t select(std::span<candidate> all, Enough enough) {
  constexpr std::ptrdiff_t few = 16;
  candidate* first = all.data();
  candidate* last = first + all.size();
  double mass = 0;
  while (last - first > few) {
    candidate* const others = split(first, last);
    double half = mass;
    for (candidate const* c = first; c != others; ++c) half += c->weight;
    if (enough(half)) {
      last = others;
    } else {
      mass = half;
      first = others;
    }
  }
  std::sort(first, last, better);
  for (; first + 1 != last; ++first) {
    mass += first->weight;
    if (enough(mass)) break;
  }
  return static_cast<std::size_t>(first - all.data()) + 1;
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
  return draw(shortlist(logits));
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

// What top-k, top-p and min-p leave. Both thresholds keep the likeliest, so min-p may go first; top-p counts the mass
// of what top-k left, whatever min-p takes off it.
standard_sampler::shortlisted standard_sampler::shortlist(std::span<float const> logits) {
  auto const candidates = candidates_of(logits, [this](int id, float logit) { return adjusted(id, logit); });
  std::span<candidate> kept(buffer_);
  bool const all = kept.size() == logits.size();
  if (all)
    ranges::copy(candidates, kept.begin());
  else
    ranges::partial_sort_copy(candidates, kept, better);

  float const top = all ? ranges::min_element(kept, better)->logit : kept.front().logit;
  require_finite(top);
  bool const cuts = options_.top_p < 1;
  double const total = cuts ? weigh(kept, top, threshold_temperature()) : 0.0;
  double const least = options_.min_p > 0 ? static_cast<double>(top) +
                                                threshold_temperature() * std::log(static_cast<double>(options_.min_p))
                                          : nothing;
  auto const likely = [least](candidate const& c) {
    return static_cast<double>(c.logit) >= least && c.logit != nothing;
  };
  kept = kept.first(static_cast<std::size_t>(ranges::partition(kept, likely) - kept.begin()));
  if (!cuts) return {kept, top};
  double const enough = static_cast<double>(options_.top_p) * total;
  return {kept.first(select(kept, [enough](double mass) { return mass >= enough; })), top};
}

int standard_sampler::draw(shortlisted const& from) {
  double const total = weigh(from.kept, from.greatest, static_cast<double>(options_.temperature));
  double const target = random_.next_double() * total;
  return from.kept[select(from.kept, [target](double mass) { return mass > target; }) - 1].id;
}

}  // namespace constformer::detail
