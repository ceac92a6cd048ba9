#pragma once

#include <cstdint>
#include <string_view>

#include "constformer/core/text.hpp"

namespace constformer {

/// Whose beam search: which candidates are looked at, what a finished beam does, how lengths count, when it ends.
///
/// - hugging_face: the likeliest (1 + stop ids)·K candidates, at least 2K; those of the first K that end are kept,
///   sorted by Σ log p / length^penalty, the end token counted.
/// - lecture: K candidates of each beam, K of these; ended beams keep growing, and the search ends when all K have
///   ended; best Σ log p / length^penalty, of everything up to then, the length that of the first end token.
/// - ctranslate2: 2K candidates; an ended beam's place is taken by the next candidate; ends with K hypotheses, sorted
///   by Σ log p / length^penalty, the end token and a forced prefix counted.
enum class beam_rule : std::uint8_t { hugging_face, lecture, ctranslate2 };

/// As --beam-rule takes it.
[[nodiscard]] constexpr std::string_view name_of(beam_rule rule) {
  return rule == beam_rule::hugging_face ? "hf" : rule == beam_rule::lecture ? "lecture" : "ct2";
}

/// When a search in the Hugging Face convention that has K hypotheses ends: at once (yes); if no beam can beat the
/// worst of them at the length of now (no), or at the length that would serve it best (never).
enum class early_stopping : std::uint8_t { no, yes, never };

/// How a beam search goes.
struct beam_options {
  beam_rule rule = beam_rule::hugging_face;      ///< whose
  int beams = 4;                                 ///< K: hypotheses that grow side by side
  float length_penalty = 1.0F;                   ///< exponent of the length that sums of log p are divided by
  early_stopping stopping = early_stopping::no;  ///< hugging_face only
  int best = 1;                                  ///< hypotheses wanted, at most K
  int no_repeat_ngram = 0;                       ///< no n-gram of this size occurs twice; 0: any may
  bool renormalised = false;  ///< what rules leave shares the probability of what they forbid; ctranslate2 always does

  /// ctranslate2 only: β of GNMT's coverage penalty (arXiv:1609.08144, equation 14) β·Σ log min(Σ attention, 1), over
  /// the source's tokens and all tokens of a hypothesis, which is added to its score when it ends; 0: none.
  float coverage_penalty = 0;

  bool operator==(beam_options const&) const = default;
};

/// The exponent of a rule if nobody says: 0.7 in the lecture's code, 1 elsewhere.
[[nodiscard]] constexpr float default_length_penalty(beam_rule rule) {
  return rule == beam_rule::lecture ? 0.7F : 1.0F;
}

/// The first value that makes no sense, as a sentence; empty if all do.
[[nodiscard]] message first_misfit(beam_options const& options);

}  // namespace constformer
