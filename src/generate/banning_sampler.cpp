#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/generate/sampler.hpp"

namespace constformer {

namespace {

class banning_sampler final : public sampler {
 public:
  banning_sampler(std::unique_ptr<sampler> inner, std::span<int const> banned, int vocab)
      : inner_(std::move(inner)), banned_(banned.begin(), banned.end()), logits_(static_cast<std::size_t>(vocab)) {}

  void accept(int id) override { inner_->accept(id); }

  int choose(std::span<float const> logits) override {
    std::ranges::copy(logits.first(logits_.size()), logits_.begin());
    for (int const id : banned_) logits_[static_cast<std::size_t>(id)] = -std::numeric_limits<float>::infinity();
    return inner_->choose(logits_);
  }

 private:
  std::unique_ptr<sampler> inner_;
  std::vector<int> banned_;
  std::vector<float> logits_;  // (vocab)
};

}  // namespace

std::unique_ptr<sampler> make_banning_sampler(std::unique_ptr<sampler> inner, std::span<int const> banned, int vocab) {
  for (int const id : banned)
    if (id < 0 || id >= vocab)
      throw error("sampling: banned id " + std::to_string(id) + " is not in the vocabulary of " +
                  std::to_string(vocab));
  return std::make_unique<banning_sampler>(std::move(inner), banned, vocab);
}

}  // namespace constformer
