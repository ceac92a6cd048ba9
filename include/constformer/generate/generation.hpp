#pragma once

#include <functional>
#include <span>

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
  double prefill_seconds = 0;                       ///< for all prompt tokens together
  double decode_seconds = 0;  ///< for all decode steps together, choosing and handing out included
};

/// Receives each chosen token at once; false ends the generation.
using token_sink = std::function<bool(int id)>;

/// Appends `prompt` to `model` and chooses tokens with `choose` until a limit is met, handing each to `sink`.
///
/// A context of C tokens that holds P already gives at most C − P + 1 tokens, because the last one chosen need not be
/// in it. Nothing is allocated here. Throws `error` if the prompt is empty or does not fit in the context, and what
/// session and sampler throw.
generation_result generate(session& model, sampler& choose, std::span<int const> prompt,
                           generation_limits const& limits, token_sink const& sink);

}  // namespace constformer
