#pragma once

#include <memory>
#include <span>
#include <vector>

#include "constformer/generate/sampler.hpp"
#include "engine.hpp"

namespace constformer::serve {

/// The seed of a choice: that of the request for the first, and one made of both for the others.
[[nodiscard]] std::uint64_t seed_of_choice(std::uint64_t seed, int choice);

/// Chooses the tokens of one choice. What it draws depends on the logits and on the tokens before alone. Penalties of
/// presence and frequency count chosen tokens (OpenAI), that of repetition those of the prompt, too.
class token_chooser {
 public:
  token_chooser(generation_request const& request, int choice, int vocab, int capacity);

  /// The text begins anew with the prompt of the request. The draws go on.
  void begin(std::span<int const> prompt);

  /// The next token for `logits` (vocab). Throws `error` if none of them is a finite number.
  [[nodiscard]] int choose(std::span<float const> logits);

  /// That token was chosen and stays.
  void accept(int id);

 private:
  std::unique_ptr<sampler> sampler_;
  std::vector<std::pair<int, float>> bias_;
  std::unique_ptr<token_filter> filter_;
  std::vector<float> logits_;  // (vocab) with bias and filter applied; empty without
  logit_rules rules_;
  std::vector<int> context_;
  int prompt_ = 0;
  float presence_, frequency_;
  std::vector<std::pair<int, int>> chosen_;  // ids and how often, with penalties

  [[nodiscard]] bool penalises() const { return presence_ != 0 || frequency_ != 0; }
};

/// Log-probabilities of one row, and its likeliest ids: the model's own, as `MODEL score` and --logprobs have them.
class likeliest {
 public:
  explicit likeliest(int most) : top_(static_cast<std::size_t>(most)) {}

  /// Looks at `logits` (vocab).
  void read(std::span<float const> logits);

  [[nodiscard]] float logprob(std::span<float const> logits, int id) const;
  [[nodiscard]] std::span<scored_id const> top() const { return top_; }

 private:
  std::vector<scored_id> top_;
  double norm_ = 0;  // ln Σ exp
};

}  // namespace constformer::serve
