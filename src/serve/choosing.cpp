#include "choosing.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "constformer/core/random.hpp"
#include "log_probabilities.hpp"

namespace constformer::serve {

std::uint64_t seed_of_choice(std::uint64_t seed, int choice) {
  return choice == 0 ? seed : mix_seed(mix_seed(seed) ^ static_cast<std::uint64_t>(choice));
}

namespace {

// The chooser takes off presence and frequency penalties itself: they are of chosen tokens alone.
sampling_options of_choice(sampling_options options, int choice) {
  options.seed = seed_of_choice(options.seed, choice);
  options.presence_penalty = options.frequency_penalty = 0;
  return options;
}

}  // namespace

token_chooser::token_chooser(generation_request const& request, int choice, int vocab, int capacity)
    : sampler_(make_sampler(of_choice(request.sampling, choice), vocab, capacity)),
      bias_(request.bias),
      filter_(request.filter ? request.filter() : nullptr),
      rules_(request.rules),
      presence_(request.sampling.presence_penalty),
      frequency_(request.sampling.frequency_penalty) {
  check_rules(rules_, vocab);
  if (penalises()) chosen_.reserve(static_cast<std::size_t>(request.max_tokens));
  bool const plain = rules_.empty() && bias_.empty() && !filter_ && !penalises();
  if (!plain) logits_.resize(static_cast<std::size_t>(vocab));
  if (!rules_.empty()) context_.reserve(static_cast<std::size_t>(capacity) + 1);
}

void token_chooser::begin(std::span<int const> prompt) {
  sampler_->restart();
  for (int const id : prompt) sampler_->accept(id);
  prompt_ = static_cast<int>(prompt.size());
  chosen_.clear();
  if (!rules_.empty()) context_.assign(prompt.begin(), prompt.end());
}

// The filter comes last: what it forbids no bias brings back.
int token_chooser::choose(std::span<float const> logits) {
  if (logits_.empty()) return sampler_->choose(logits);
  std::ranges::copy(logits.first(logits_.size()), logits_.begin());
  if (!rules_.empty()) {
    auto const prompt = std::span(context_).first(static_cast<std::size_t>(prompt_));
    apply_rules(rules_, {context_, prompt_, prompt}, logits_);
  }
  for (auto const& [id, count] : chosen_)
    logits_[static_cast<std::size_t>(id)] -= presence_ + static_cast<float>(count) * frequency_;
  for (auto const& [id, more] : bias_) logits_[static_cast<std::size_t>(id)] += more;
  if (filter_) filter_->forbid(logits_);
  return sampler_->choose(logits_);
}

void token_chooser::accept(int id) {
  sampler_->accept(id);
  if (filter_) filter_->advance(id);
  if (!rules_.empty()) context_.push_back(id);
  if (!penalises()) return;
  auto const known = std::ranges::find(chosen_, id, &std::pair<int, int>::first);
  if (known == chosen_.end())
    chosen_.emplace_back(id, 1);
  else
    ++known->second;
}

void likeliest::read(std::span<float const> logits) {
  norm_ = log_sum_exp(logits);
  std::size_t kept = 0;
  auto const better = [](scored_id const& a, scored_id const& b) {
    return a.logprob > b.logprob || (a.logprob == b.logprob && a.id < b.id);
  };
  for (std::size_t id = 0; id < logits.size() && !top_.empty(); ++id) {
    scored_id const here{static_cast<int>(id), logits[id]};
    if (kept == top_.size() && !better(here, top_.back())) continue;
    auto const begin = top_.begin();
    auto const end = begin + static_cast<std::ptrdiff_t>(kept);
    auto const at = std::upper_bound(begin, end, here, better);
    if (kept < top_.size()) ++kept;
    std::move_backward(at, begin + static_cast<std::ptrdiff_t>(kept) - 1, begin + static_cast<std::ptrdiff_t>(kept));
    *at = here;
  }
  for (auto& entry : top_) entry.logprob = logprob(logits, entry.id);
}

float likeliest::logprob(std::span<float const> logits, int id) const {
  return static_cast<float>(static_cast<double>(logits[static_cast<std::size_t>(id)]) - norm_);
}

}  // namespace constformer::serve
