#pragma once

#include <memory>
#include <vector>

#include "constformer/generate/executor.hpp"
#include "guess_source.hpp"

namespace constformer::serve {

/// How a smaller model guesses.
struct draft_limits {
  int tokens;     ///< ahead at most
  int sequences;  ///< side by side at most
};

/// Guesses the likeliest tokens of a smaller model of the same vocabulary, which reads all texts along. It keeps what
/// it has read of as many texts as run side by side, and drops from the end what did not come true; a text that goes
/// on where another one ended in the same words is not read again.
class draft_guesses final : public guess_source {
 public:
  /// `ended` is called if the model computes no numbers: then it guesses nothing any more.
  draft_guesses(std::unique_ptr<executor> model, draft_limits limits, guesses_ended ended = {});

  void guess(std::span<wanted_guess const> wanted, std::size_t rows) override;

  /// What `executor_options` must have for it.
  [[nodiscard]] static executor_options options_for(draft_limits limits, int capacity, int threads);

 private:
  // What the model has read of a text.
  struct place {
    std::vector<int> ids;
    std::vector<int> blocks;
    guessed_text const* owner = nullptr;  // that came last; only compared
    std::size_t used = 0;                 // when
  };
  struct running {
    place* at;
    guessed_text* text;
    std::size_t more;  // guesses still wanted; none while it reads
  };

  void begin(std::span<wanted_guess const> wanted, std::size_t rows);
  void read_texts();
  void read_guesses();
  void choose();
  place& place_of(guessed_text const& text);

  std::unique_ptr<executor> model_;
  draft_limits limits_;
  guesses_ended ended_;
  std::vector<place> places_;
  std::vector<running> running_;
  std::vector<running*> choosing_;  // whose logits come next, in their order
  std::vector<sequence_rows> batch_;
  std::size_t clock_ = 0;
  bool broken_ = false;
};

}  // namespace constformer::serve
