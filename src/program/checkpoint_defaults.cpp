#include "checkpoint_defaults.hpp"

#include <string>

#include "errors.hpp"

namespace constformer::program {

int most_new_tokens(program_context const& context, std::optional<int> given, std::size_t prompt) {
  if (given && *given < -1)
    throw usage_error("--predict " + std::to_string(*given) + " is below -1, which stands for no limit");
  auto const& asked = context.metadata.generation;
  if (given) return *given;
  if (asked.max_new_tokens) return *asked.max_new_tokens;
  if (!asked.max_length) return -1;
  int const tokens = static_cast<int>(prompt);
  if (tokens >= *asked.max_length)
    throw error("the prompt has " + std::to_string(tokens) + " tokens, the longest text that " + asked.from +
                " asks for has " + std::to_string(*asked.max_length) + " (max_length); --predict says otherwise");
  return *asked.max_length - tokens;
}

logit_rules rules_of(program_context const& context, std::span<int const> stop_ids, int max_new_tokens) {
  auto const& asked = context.metadata.generation;
  logit_rules rules{.no_repeat_ngram = asked.no_repeat_ngram_size.value_or(0),
                    .source_no_repeat_ngram = asked.encoder_no_repeat_ngram_size.value_or(0),
                    .bad_words = asked.bad_words_ids,
                    .suppressed = asked.suppress_tokens,
                    .begin_suppressed = asked.begin_suppress_tokens,
                    .stop_ids = {stop_ids.begin(), stop_ids.end()},
                    .min_length = asked.min_length.value_or(0),
                    .min_new_tokens = asked.min_new_tokens.value_or(0),
                    .forced_first = {},
                    .forced_last = asked.forced_eos_token_id,
                    .max_new_tokens = max_new_tokens};
  if (!asked.forced_bos_token_id.empty()) rules.forced_first = asked.forced_bos_token_id.front();
  check_rules(rules, context.model().vocab);
  return rules;
}

}  // namespace constformer::program
