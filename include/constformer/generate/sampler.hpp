#pragma once

#include <memory>
#include <span>

#include "constformer/generate/logit_rules.hpp"
#include "constformer/generate/sampling_options.hpp"

namespace constformer {

/// Chooses tokens from logits, one at a time. All memory is taken when it is made; no call below allocates.
class sampler {
 public:
  virtual ~sampler() = default;
  sampler(sampler const&) = delete;
  sampler& operator=(sampler const&) = delete;

  /// Forgets all tokens: another text begins. Its draws go on.
  virtual void restart() = 0;

  /// Takes note of a token of the context, of the prompt or chosen: penalties look at them. `id` in [0, vocab).
  virtual void accept(int id) = 0;

  /// The next token for `logits` (vocab). Throws `error` if none of them is a finite number.
  virtual int choose(std::span<float const> logits) = 0;

 protected:
  sampler() = default;
};

/// A sampler for `vocab` tokens and contexts of at most `capacity`. Throws `error` with the sentence of `first_misfit`.
[[nodiscard]] std::unique_ptr<sampler> make_sampler(sampling_options const& options, int vocab, int capacity);

/// `inner`, which sees the logits as `rules` leave them; what it accepts before its first choice is the prompt. `source`
/// is what an encoder read, empty for decoders. Throws `error` if the rules name ids that are not in the vocabulary.
[[nodiscard]] std::unique_ptr<sampler> make_ruled_sampler(std::unique_ptr<sampler> inner, logit_rules const& rules,
                                                          std::span<int const> source, int vocab, int capacity);

}  // namespace constformer
