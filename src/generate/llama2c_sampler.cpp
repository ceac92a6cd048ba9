#include "llama2c_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "constformer/core/error.hpp"

namespace constformer::detail {

namespace {

// First of equal ones, as run.c's loop; a NaN at the front is passed over, which changes nothing else.
int greatest(std::span<float const> values) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i] > values[best] || std::isnan(values[best])) best = i;
  if (!std::isfinite(values[best])) throw error("sampling: no logit of the model is a finite number");
  return static_cast<int>(best);
}

}  // namespace

llama2c_sampler::llama2c_sampler(sampling_options const& options, int vocab)
    : temperature_(options.temperature),
      top_p_(options.top_p),
      random_(options.seed),
      probabilities_(static_cast<std::size_t>(vocab)),
      sorted_(static_cast<std::size_t>(vocab)) {}

int llama2c_sampler::choose(std::span<float const> logits) {
  if (temperature_ == 0) return greatest(logits);
  soften(logits);
  float const coin = random_.next_float();
  return top_p_ <= 0 || top_p_ >= 1 ? draw_from_all(coin) : draw_from_nucleus(coin);
}

void llama2c_sampler::soften(std::span<float const> logits) {
  float const top = logits[static_cast<std::size_t>(greatest(logits))] / temperature_;
  float sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    probabilities_[i] = std::exp(logits[i] / temperature_ - top);
    sum += probabilities_[i];
  }
  for (float& p : probabilities_) p /= sum;
}

int llama2c_sampler::draw_from_all(float coin) const {
  float mass = 0;
  for (std::size_t i = 0; i < probabilities_.size(); ++i) {
    mass += probabilities_[i];
    if (coin < mass) return static_cast<int>(i);
  }
  return static_cast<int>(probabilities_.size()) - 1;
}

int llama2c_sampler::draw_from_nucleus(float coin) {
  float const cutoff = (1.0F - top_p_) / static_cast<float>(probabilities_.size() - 1);
  std::size_t count = 0;
  for (std::size_t i = 0; i < probabilities_.size(); ++i)
    if (probabilities_[i] >= cutoff) sorted_[count++] = {probabilities_[i], static_cast<int>(i)};
  if (count == 0)
    return greatest(probabilities_);  // only with one token or top_p near 0, where run.c reads out of bounds

  // glibc's qsort keeps equal elements in order: that is the order of ids.
  auto const end = sorted_.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(sorted_.begin(), end, [](indexed const& a, indexed const& b) {
    return a.probability > b.probability || (a.probability == b.probability && a.id < b.id);
  });

  float mass = 0;
  std::size_t last = count - 1;
  for (std::size_t i = 0; i < count; ++i) {
    mass += sorted_[i].probability;
    if (mass > top_p_) {
      last = i;
      break;
    }
  }
  float const target = coin * mass;
  float below = 0;
  for (std::size_t i = 0; i <= last; ++i) {
    below += sorted_[i].probability;
    if (target < below) return sorted_[i].id;
  }
  return sorted_[last].id;
}

}  // namespace constformer::detail
