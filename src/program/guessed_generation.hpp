#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "../serve/guess_length.hpp"
#include "../serve/guess_source.hpp"
#include "constformer/generate/executor.hpp"
#include "constformer/generate/generation.hpp"

namespace constformer::program {

/// Generates as `generate` does, to the last bit, and reads several tokens in one pass where they were guessed right.
class guessed_generation {
 public:
  /// The executor has room for one text.
  guessed_generation(std::unique_ptr<executor> model, std::shared_ptr<serve::guess_source> guesses);

  /// What `executor_options` must have for it.
  [[nodiscard]] static executor_options options_for(int capacity, int threads);

  /// Once: the text begins with `prompt`.
  generation_result run(sampler& choose, std::span<int const> prompt, generation_limits const& limits,
                        choice_sink const& sink);

  [[nodiscard]] int passes() const { return passes_; }    ///< after the prompt's
  [[nodiscard]] int guessed() const { return guessed_; }  ///< tokens
  [[nodiscard]] int right() const { return right_; }      ///< of them
  [[nodiscard]] int capacity() const { return model_->capacity(); }

 private:
  std::span<float const> read_prompt(std::span<int const> prompt);
  void guess(int id, int most);
  logit_rows read_guesses();
  logit_rows read(std::span<int const> ids);
  std::optional<int> next(std::span<float const> logits);
  std::optional<int> follow(logit_rows const& logits);

  std::unique_ptr<executor> model_;
  std::shared_ptr<serve::guess_source> guesses_;
  serve::guessed_text text_;
  serve::guess_length length_;
  std::vector<int> blocks_;
  int computed_ = 0;  // tokens in the cache
  int passes_ = 0, guessed_ = 0, right_ = 0;

  sampler* choose_ = nullptr;
  generation_limits limits_;
  choice_sink const* sink_ = nullptr;
  generation_result result_;
};

}  // namespace constformer::program
