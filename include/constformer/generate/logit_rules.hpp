#pragma once

#include <optional>
#include <span>
#include <vector>

namespace constformer {

/// What may not, or must, be chosen next: the logits processors of transformers' generate(), under its meanings. The
/// context is every token so far, the prompt among them.
struct logit_rules {
  float repetition_penalty = 1.0F;  ///< logits of tokens of the context are divided by it if positive, else multiplied

  int no_repeat_ngram = 0;         ///< no n-gram of this size occurs twice in the context; 0: any may
  int source_no_repeat_ngram = 0;  ///< none that the source has; a decoder's source is its prompt

  std::vector<std::vector<int>> bad_words;  ///< token sequences that never occur
  std::vector<int> suppressed;              ///< never chosen
  std::vector<int> begin_suppressed;        ///< never chosen as the first token after the prompt

  std::vector<int> stop_ids;  ///< of which none is chosen before
  int min_length = 0;         ///< so many tokens are in the context
  int min_new_tokens = 0;     ///< and so many have been chosen

  std::optional<int> forced_first;  ///< follows a prompt of one token
  std::vector<int> forced_last;     ///< one of these is the last token of the longest text; empty: any may be
  int max_new_tokens = -1;          ///< tokens that the longest text has; -1: no limit

  bool operator==(logit_rules const&) const = default;

  /// Whether no rule forbids or forces anything.
  [[nodiscard]] bool empty() const;
};

/// Where a text stands when its next token is chosen.
struct text_so_far {
  std::span<int const> context;  ///< prompt and chosen tokens
  int prompt;                    ///< tokens of the prompt
  std::span<int const> source;   ///< what an encoder read; a decoder's is its prompt
};

/// Throws `error` unless all ids of the rules are below `vocab` and all of them make sense.
void check_rules(logit_rules const& rules, int vocab);

/// Applies the rules to `row` (vocab), logits or log-probabilities: what is forbidden becomes −∞, and a token that is
/// forced 0. Allocates nothing.
void apply_rules(logit_rules const& rules, text_so_far const& text, std::span<float> row);

}  // namespace constformer
