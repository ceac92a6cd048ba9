#include "guessed_generation.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <numeric>
#include <utility>

#include "../generate/choices.hpp"
#include "../serve/block_store.hpp"

namespace constformer::program {

namespace {

constexpr int most_rows = static_cast<int>(serve::guess_length::most) + 1;  // of a pass that reads guesses
constexpr int prompt_rows = 128;                                            // of one that reads the prompt

}  // namespace

executor_options guessed_generation::options_for(int capacity, int threads) {
  return {.threads = threads,
          .capacity = capacity,
          .blocks = serve::blocks_for(static_cast<std::size_t>(capacity)),
          .rows = prompt_rows,
          .logit_rows = most_rows,
          .reading = {}};
}

guessed_generation::guessed_generation(std::unique_ptr<executor> model, std::shared_ptr<serve::guess_source> guesses)
    : model_(std::move(model)), guesses_(std::move(guesses)) {
  blocks_.resize(static_cast<std::size_t>(serve::blocks_for(static_cast<std::size_t>(model_->capacity()))));
  std::iota(blocks_.begin(), blocks_.end(), 0);
  text_.ids.reserve(static_cast<std::size_t>(model_->capacity()) + 1);
  text_.reads.reserve(static_cast<std::size_t>(most_rows));
}

generation_result guessed_generation::run(sampler& choose, std::span<int const> prompt, generation_limits const& limits,
                                          choice_sink const& sink) {
  detail::check_prompt(prompt, model_->capacity());
  choose_ = &choose;
  limits_ = limits;
  sink_ = &sink;
  result_ = {.prompt_tokens = static_cast<int>(prompt.size())};
  text_.ids.assign(prompt.begin(), prompt.end());
  choose.restart();
  for (int const id : prompt) choose.accept(id);

  auto start = detail::generation_clock::now();
  auto const logits = read_prompt(prompt);
  result_.prefill_seconds = detail::seconds_since(start);

  start = detail::generation_clock::now();
  for (auto id = next(logits); id; id = follow(read_guesses())) {
    int const left = limits.max_tokens < 0 ? most_rows : limits.max_tokens - result_.tokens - 1;
    guess(*id, std::min(left, model_->capacity() - computed_ - 1));
  }
  result_.decode_seconds = detail::seconds_since(start);
  return result_;
}

std::span<float const> guessed_generation::read_prompt(std::span<int const> prompt) {
  auto const rows = static_cast<std::size_t>(model_->rows());
  while (true) {
    auto const part = prompt.subspan(static_cast<std::size_t>(computed_));
    bool const last = part.size() <= rows;
    sequence_rows const batch{.ids = part.first(std::min(rows, part.size())),
                              .position = computed_,
                              .blocks = blocks_.data(),
                              .wanted = last ? wanted_logits::last : wanted_logits::none,
                              .length = static_cast<int>(prompt.size())};
    model_->run({&batch, 1});
    computed_ += static_cast<int>(batch.ids.size());
    if (last) return model_->logits(0, 1)[0];
  }
}

// What follows the token `id`, which has just been chosen.
void guessed_generation::guess(int id, int most) {
  text_.ids.push_back(id);
  text_.reads.assign(1, id);
  auto const wanted = std::min(length_.next(), static_cast<std::size_t>(std::max(most, 0)));
  if (wanted == 0) return;
  serve::wanted_guess const one{&text_, wanted};
  guesses_->guess({&one, 1}, wanted);
  guessed_ += static_cast<int>(text_.reads.size()) - 1;
}

logit_rows guessed_generation::read(std::span<int const> ids) {
  sequence_rows const batch{.ids = ids, .position = computed_, .blocks = blocks_.data(), .wanted = wanted_logits::all};
  model_->run({&batch, 1});
  return model_->logits(0, model_->wanted());
}

logit_rows guessed_generation::read_guesses() {
  ++passes_;
  if (text_.reads.size() > 1) try {
      return read(text_.reads);
    } catch (std::exception const&) {  // a guess may be what cannot be computed
      text_.reads.resize(1);
    }
  return read(text_.reads);
}

std::optional<int> guessed_generation::next(std::span<float const> logits) {
  return detail::next_choice(*choose_, logits, limits_, computed_ == model_->capacity(), *sink_, result_);
}

// Chooses behind each token that was read, as long as the next one is what was guessed; empty when the text has ended.
std::optional<int> guessed_generation::follow(logit_rows const& logits) {
  auto const guesses = text_.reads.size() - 1;
  std::size_t right = 0;
  while (true) {
    ++computed_;
    ++result_.decode_steps;
    auto const id = next(logits[static_cast<int>(right)]);
    if (!id) return std::nullopt;
    if (right == guesses || text_.reads[right + 1] != *id) {
      if (guesses > 0) length_.came_true(guesses, right);
      return id;
    }
    ++right;
    ++right_;
    text_.ids.push_back(*id);
  }
}

}  // namespace constformer::program
