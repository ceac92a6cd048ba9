#include "scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <range/v3/algorithm/max.hpp>
#include <range/v3/algorithm/partial_sort_copy.hpp>
#include <range/v3/numeric/accumulate.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/transform.hpp>

#include "constformer/core/error.hpp"

namespace constformer::detail {

namespace {

constexpr float never = -std::numeric_limits<float>::infinity();

// In float, as all originals have it, but for the sum, whose order is theirs to choose.
void log_softmax(std::span<float> row) {
  float const top = ranges::max(row);
  if (!std::isfinite(top)) throw error("beam search: no logit of the model is a finite number");
  auto const powers = row | ranges::views::transform([top](float x) { return static_cast<double>(std::exp(x - top)); });
  auto const log_sum = static_cast<float>(std::log(ranges::accumulate(powers, 0.0)));
  for (float& x : row) x = x - top - log_sum;
}

// A total order over places of the table, whose quotient by the vocabulary is the beam.
constexpr auto better = [](beam_candidate const& a, beam_candidate const& b) {
  return a.score > b.score || (a.score == b.score && a.id < b.id);
};

}  // namespace

void beam_scores::set(int beam, std::span<float const> logits, float score, renormalise when,
                      std::function<void(std::span<float>)> const& rules) {
  auto const out = row(beam);
  std::ranges::transform(logits, out.begin(), [](float x) { return std::isnan(x) ? never : x; });
  if (when == renormalise::before) rules(out);
  log_softmax(out);
  if (when != renormalise::before) rules(out);
  if (when == renormalise::after) log_softmax(out);
  for (float& x : out) x += score;
}

void beam_scores::pick(std::size_t first, std::size_t count, std::span<beam_candidate> out) const {
  // Until they are sorted, candidates carry their place in the table as id: a division for each would cost more than
  // the rest.
  auto const places = ranges::views::iota(first, first + count) | ranges::views::transform([this](std::size_t place) {
                        return beam_candidate{table_[place], 0, static_cast<int>(place)};
                      });
  ranges::partial_sort_copy(places, out, better);
  int const vocab = static_cast<int>(vocab_);
  for (auto& c : out) c = {c.score, c.id / vocab, c.id % vocab};
}

void beam_scores::best(std::span<beam_candidate> out) const { pick(0, table_.size(), out); }

void beam_scores::best_of(int beam, std::span<beam_candidate> out) const {
  pick(static_cast<std::size_t>(beam) * vocab_, vocab_, out);
}

}  // namespace constformer::detail
