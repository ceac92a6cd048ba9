#pragma once

#include <memory>
#include <span>

#include "constformer/generate/beam_options.hpp"
#include "constformer/generate/logit_rules.hpp"
#include "constformer/generate/session.hpp"

namespace constformer {

/// What a beam search found.
struct beam_hypothesis {
  float score = 0;           ///< as the rule has it
  std::span<int const> ids;  ///< prefix and chosen tokens, the stop id included; valid until the next search
};

/// What a beam search is asked.
struct beam_request {
  std::span<int const> prompt;         ///< what the beams go on from: a text, or a decoder's start token; not empty
  std::span<int const> prefix;         ///< what every hypothesis begins with; may be empty
  int max_tokens = -1;                 ///< to choose at most; -1: as many as the context holds
  int min_tokens = 0;                  ///< in a hypothesis, its prefix counted, before it may end
  logit_rules const* rules = nullptr;  ///< checked; the prefix counts as prompt
  std::span<int const> source{};       ///< what an encoder read
};

/// Looks for likely continuations, K at a time. All memory is taken when it is made; no call below allocates.
class beam_search {
 public:
  /// For models of `vocab` tokens and sessions of `capacity`; a hypothesis ends with one of `stop_ids`. Throws `error`
  /// with the sentence of `first_misfit`.
  beam_search(beam_options const& options, std::span<int const> stop_ids, int vocab, int capacity);
  ~beam_search();
  beam_search(beam_search const&) = delete;
  beam_search& operator=(beam_search const&) = delete;

  /// The best hypotheses, best first. `model` holds at least K sequences, of which all are used: its tokens so far are
  /// those of sequence 0. Throws `error` if prompt and prefix are empty or do not fit, and what the session throws.
  std::span<beam_hypothesis const> run(session& model, beam_request const& request);

 private:
  class search;
  std::unique_ptr<search> search_;
};

}  // namespace constformer
