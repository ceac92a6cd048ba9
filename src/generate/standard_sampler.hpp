#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "constformer/core/random.hpp"
#include "constformer/generate/sampler.hpp"
#include "recent_tokens.hpp"

namespace constformer::detail {

struct candidate {
  int id;
  float logit;
  double weight = 0;  ///< its probability, up to a factor that all have
};

/// Penalties, top-k, top-p, min-p, temperature, draw: the order that llama.cpp documents for its default chain.
/// Probabilities for top-p and min-p are those before the temperature, as there, unless it is to go first. Sums are
/// taken in double. What is drawn is where the sum of probabilities, likeliest first, passes a random share of all. It
/// is found by halving: to sort a vocabulary of 32,000 takes 2 ms.
class standard_sampler final : public sampler {
 public:
  standard_sampler(sampling_options const& options, int vocab, int capacity);

  void restart() override { recent_.clear(); }
  void accept(int id) override { recent_.push(id); }
  int choose(std::span<float const> logits) override;

 private:
  [[nodiscard]] float adjusted(int id, float logit) const;
  [[nodiscard]] candidate greatest(std::span<float const> logits) const;
  struct shortlisted {
    std::span<candidate> kept;
    float greatest;  // logit of them
  };
  shortlisted shortlist(std::span<float const> logits);
  int draw(shortlisted const& from);

  // Of the probabilities that top-p and min-p look at.
  [[nodiscard]] double threshold_temperature() const {
    return options_.temperature_first ? static_cast<double>(options_.temperature) : 1.0;
  }

  sampling_options options_;
  bool penalised_;
  std::vector<candidate> buffer_;  // (vocab) or (top_k)
  recent_tokens recent_;
  xorshift64_star random_;
};

}  // namespace constformer::detail
