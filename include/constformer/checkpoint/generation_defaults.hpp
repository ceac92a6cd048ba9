#pragma once

#include <optional>
#include <string>
#include <vector>

namespace constformer {

/// How a checkpoint asks to be generated from, under the names of transformers' generation_config.json. What the file
/// does not say is empty.
struct generation_defaults {
  std::string from;  ///< "generation_config.json", "config.json" of older checkpoints, or GGUF's "general.sampling";
                     ///< empty: none

  std::optional<bool> do_sample;            ///< false: greedy
  std::optional<float> temperature;         ///< logits are divided by it
  std::optional<int> top_k;                 ///< only this many largest logits; 0: all
  std::optional<float> top_p;               ///< only the fewest tokens that hold this probability
  std::optional<float> min_p;               ///< only tokens at least this fraction as likely as the likeliest
  std::optional<float> repetition_penalty;  ///< on every token of prompt and text, whatever their length
  std::optional<int> repetition_window;     ///< on this many last tokens of them only, which GGUF files state

  std::optional<int> max_length;      ///< tokens of prompt and text together
  std::optional<int> max_new_tokens;  ///< tokens of the text; wins over max_length
  std::optional<int> min_length;      ///< tokens of prompt and text before it may end
  std::optional<int> min_new_tokens;  ///< tokens of the text before it may end

  std::optional<int> num_beams;               ///< 1: no beam search
  std::optional<float> length_penalty;        ///< of a beam search
  std::optional<std::string> early_stopping;  ///< of a beam search: "true", "false" or "never"
  std::optional<bool> renormalize_logits;     ///< in a beam search, what is left shares what banned tokens had

  std::optional<int> no_repeat_ngram_size;          ///< no n-gram of this size occurs twice
  std::optional<int> encoder_no_repeat_ngram_size;  ///< nor one that the source has
  std::vector<std::vector<int>> bad_words_ids;      ///< never generated, token sequences
  std::vector<int> suppress_tokens;                 ///< never chosen
  std::vector<int> begin_suppress_tokens;           ///< never chosen first
  std::vector<int> forced_bos_token_id;             ///< at most one: the first token after a single one
  std::vector<int> forced_eos_token_id;             ///< the last token of the longest text is one of these

  bool operator==(generation_defaults const&) const = default;
};

/// Calls `visit(name, member, least, most)` for every value that a generation_config.json may state, with its bounds.
template <class Defaults, class Visit>
void for_each_value(Defaults& d, Visit const& visit) {
  constexpr double huge = 1e6, tiny = 1e-6;
  constexpr double many = 1 << 24;
  visit("do_sample", d.do_sample, 0, 1);
  visit("temperature", d.temperature, 0, huge);
  visit("top_k", d.top_k, 0, many);
  visit("top_p", d.top_p, 0, 1);
  visit("min_p", d.min_p, 0, 1);
  visit("repetition_penalty", d.repetition_penalty, tiny, huge);
  visit("max_length", d.max_length, 0, many);
  visit("max_new_tokens", d.max_new_tokens, 0, many);
  visit("min_length", d.min_length, 0, many);
  visit("min_new_tokens", d.min_new_tokens, 0, many);
  visit("num_beams", d.num_beams, 1, 1024);
  visit("length_penalty", d.length_penalty, -100, 100);
  visit("early_stopping", d.early_stopping, 0, 0);
  visit("renormalize_logits", d.renormalize_logits, 0, 1);
  visit("no_repeat_ngram_size", d.no_repeat_ngram_size, 0, many);
  visit("encoder_no_repeat_ngram_size", d.encoder_no_repeat_ngram_size, 0, many);
  visit("bad_words_ids", d.bad_words_ids, 0, many);
  visit("suppress_tokens", d.suppress_tokens, 0, many);
  visit("begin_suppress_tokens", d.begin_suppress_tokens, 0, many);
  visit("forced_bos_token_id", d.forced_bos_token_id, 0, many);
  visit("forced_eos_token_id", d.forced_eos_token_id, 0, many);
}

/// The same of every value that any checkpoint may state.
template <class Defaults, class Visit>
void for_each_kept_value(Defaults& d, Visit const& visit) {
  for_each_value(d, visit);
  visit("repetition_window", d.repetition_window, -1, 1 << 24);
}

}  // namespace constformer
