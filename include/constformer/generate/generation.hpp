#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "constformer/generate/sampler.hpp"
#include "constformer/generate/session.hpp"

namespace constformer {

/// When a generation ends.
struct generation_limits {
  int max_tokens = -1;            ///< tokens to choose at most; -1: as many as the context holds
  std::span<int const> stop_ids;  ///< it ends when one of these is chosen, which is not handed out; may be empty
};

/// Why a generation ended.
enum class generation_end { stop_id, max_tokens, context_full, sink };

/// What a generation did and how long it took.
struct generation_result {
  int prompt_tokens = 0;                            ///< appended before the first choice
  int tokens = 0;                                   ///< handed to the sink
  int decode_steps = 0;                             ///< tokens appended one at a time
  generation_end end = generation_end::max_tokens;  ///< the limit that was met first
  int stop_id = -1;                                 ///< the id that ended it, if one did
  double prefill_seconds = 0;                       ///< for all prompt tokens together
  double decode_seconds = 0;  ///< for all decode steps together, choosing and handing out included
};

/// Receives each chosen token at once; false ends the generation.
using token_sink = std::function<bool(int id)>;

/// The same, with the logits (vocab) that the token was chosen from.
using choice_sink = std::function<bool(int id, std::span<float const> logits)>;

/// Appends `prompt` to `model` and chooses tokens with `choose` until a limit is met, handing each to `sink`.
///
/// A context of C tokens that holds P already gives at most C − P + 1 tokens, because the last one chosen need not be
/// in it. In an empty context `choose` starts anew. Nothing is allocated here. Throws `error` if the prompt is empty or does not fit in the context, and what
/// session and sampler throw.
generation_result generate(session& model, sampler& choose, std::span<int const> prompt,
                           generation_limits const& limits, token_sink const& sink);
/// @copydoc generate
generation_result generate(session& model, sampler& choose, std::span<int const> prompt,
                           generation_limits const& limits, choice_sink const& sink);

/// What a batch of generations tells: `prompt` is the number of a prompt.
class batch_observer {
 public:
  virtual ~batch_observer() = default;
  /// The generation of `prompt` begins; its sampler.
  virtual std::unique_ptr<sampler> begin(std::size_t prompt) = 0;
  /// A token was chosen from `logits`; false ends this generation.
  virtual bool chosen(std::size_t prompt, int id, std::span<float const> logits) = 0;
  /// No more tokens come.
  virtual void ended(std::size_t prompt, generation_result const& result) = 0;
};

/// Generates for many prompts, as many side by side as `model` has sequences. Each gets what `generate` gives it alone,
/// to the last bit; a result's times are those of the whole batch while it ran. Throws as `generate` does, before any
/// token is chosen.
void generate_batch(session& model, std::span<std::vector<int> const> prompts, generation_limits const& limits,
                    batch_observer& observer);

}  // namespace constformer
