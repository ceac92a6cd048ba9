#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "constformer/generate/logit_rules.hpp"
#include "constformer/generate/sampler.hpp"

namespace constformer {

namespace {

class ruled_sampler final : public sampler {
 public:
  ruled_sampler(std::unique_ptr<sampler> inner, logit_rules rules, std::span<int const> source, int vocab, int capacity)
      : inner_(std::move(inner)),
        rules_(std::move(rules)),
        source_(source.begin(), source.end()),
        logits_(static_cast<std::size_t>(vocab)) {
    context_.reserve(static_cast<std::size_t>(capacity) + 1);
  }

  void restart() override {
    inner_->restart();
    context_.clear();
    prompt_ = unknown;
  }

  void accept(int id) override {
    inner_->accept(id);
    context_.push_back(id);
  }

  // What was accepted before the first choice is the prompt.
  int choose(std::span<float const> logits) override {
    if (prompt_ == unknown) prompt_ = static_cast<int>(context_.size());
    auto const prompt = std::span(context_).first(static_cast<std::size_t>(prompt_));
    std::ranges::copy(logits.first(logits_.size()), logits_.begin());
    apply_rules(rules_, {context_, prompt_, source_.empty() ? prompt : std::span<int const>(source_)}, logits_);
    return inner_->choose(logits_);
  }

 private:
  static constexpr int unknown = -1;

  std::unique_ptr<sampler> inner_;
  logit_rules rules_;
  std::vector<int> source_;
  std::vector<int> context_;
  std::vector<float> logits_;  // (vocab)
  int prompt_ = unknown;
};

}  // namespace

std::unique_ptr<sampler> make_ruled_sampler(std::unique_ptr<sampler> inner, logit_rules const& rules,
                                            std::span<int const> source, int vocab, int capacity) {
  check_rules(rules, vocab);
  if (rules.empty()) return inner;
  return std::make_unique<ruled_sampler>(std::move(inner), rules, source, vocab, capacity);
}

}  // namespace constformer
