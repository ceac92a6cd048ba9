#pragma once

#include <memory>
#include <span>

#include "constformer/generate/sampling_options.hpp"

namespace constformer {

/// Chooses tokens from logits, one at a time. All memory is taken when it is made; no call below allocates.
class sampler {
 public:
  virtual ~sampler() = default;
  sampler(sampler const&) = delete;
  sampler& operator=(sampler const&) = delete;

  /// Takes note of a token of the context, of the prompt or chosen: penalties look at them. `id` in [0, vocab).
  virtual void accept(int id) = 0;

  /// The next token for `logits` (vocab). Throws `error` if none of them is a finite number.
  virtual int choose(std::span<float const> logits) = 0;

 protected:
  sampler() = default;
};

/// A sampler for `vocab` tokens and contexts of at most `capacity`. Throws `error` with the sentence of `first_misfit`.
[[nodiscard]] std::unique_ptr<sampler> make_sampler(sampling_options const& options, int vocab, int capacity);

/// `inner`, which never sees the logits of the `banned` ids of `vocab`. Throws `error` if one is not in the vocabulary.
[[nodiscard]] std::unique_ptr<sampler> make_banning_sampler(std::unique_ptr<sampler> inner, std::span<int const> banned,
                                                            int vocab);

}  // namespace constformer
