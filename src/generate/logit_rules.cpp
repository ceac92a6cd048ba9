#include "constformer/generate/logit_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "constformer/core/error.hpp"
#include "repeats.hpp"

namespace constformer {

namespace {

constexpr float never = -std::numeric_limits<float>::infinity();

void forbid(std::span<int const> ids, std::span<float> row) {
  for (int const id : ids) row[static_cast<std::size_t>(id)] = never;
}

// A token that occurs several times is penalised once: where it occurs first.
void penalise(float penalty, std::span<int const> context, std::span<float> row) {
  for (std::size_t i = 0; i < context.size(); ++i) {
    if (std::ranges::find(context.first(i), context[i]) != context.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    float& x = row[static_cast<std::size_t>(context[i])];
    x = x < 0 ? x * penalty : x / penalty;
  }
}

// A word of several tokens is not begun anew: its last one is forbidden where the others stand before it.
void forbid_words(logit_rules const& rules, std::span<int const> context, std::span<float> row) {
  for (auto const& word : rules.bad_words) {
    if (word.size() == 1 && std::ranges::find(rules.stop_ids, word.front()) != rules.stop_ids.end()) continue;
    std::size_t const before = word.size() - 1;
    if (before > context.size() || !std::ranges::equal(std::span(word).first(before), context.last(before))) continue;
    row[static_cast<std::size_t>(word.back())] = never;
  }
}

void force(std::span<int const> ids, std::span<float> row) {
  std::ranges::fill(row, never);
  for (int const id : ids) row[static_cast<std::size_t>(id)] = 0;
}

void require_known(std::span<int const> ids, int vocab) {
  for (int const id : ids)
    if (id < 0 || id >= vocab)
      throw error("rules of generation: id " + std::to_string(id) + " is not in the vocabulary of " +
                  std::to_string(vocab));
}

}  // namespace

bool logit_rules::empty() const {
  logit_rules none;
  none.stop_ids = stop_ids;
  none.max_new_tokens = max_new_tokens;
  return *this == none;
}

void check_rules(logit_rules const& rules, int vocab) {
  for (auto const& word : rules.bad_words) {
    if (word.empty()) throw error("rules of generation: a bad word has no tokens");
    require_known(word, vocab);
  }
  for (auto const* ids : {&rules.suppressed, &rules.begin_suppressed, &rules.stop_ids, &rules.forced_last})
    require_known(*ids, vocab);
  if (rules.forced_first) require_known(std::span(&*rules.forced_first, 1), vocab);
  if (!(rules.repetition_penalty > 0)) throw error("rules of generation: the repetition penalty is not positive");
  if (rules.no_repeat_ngram < 0 || rules.source_no_repeat_ngram < 0)
    throw error("rules of generation: the size of an n-gram is negative");
}

// In the order of transformers, whose later processors win.
void apply_rules(logit_rules const& rules, text_so_far const& text, std::span<float> row) {
  auto const context = text.context;
  int const length = static_cast<int>(context.size());
  int const chosen = length - text.prompt;
  if (rules.repetition_penalty != 1) penalise(rules.repetition_penalty, context, row);
  detail::forbid_repeats(context, context, rules.no_repeat_ngram, row);
  detail::forbid_repeats(context, text.source, rules.source_no_repeat_ngram, row);
  forbid_words(rules, context, row);
  if (length < rules.min_length || chosen < rules.min_new_tokens) forbid(rules.stop_ids, row);
  if (rules.forced_first && length == 1) force(std::span(&*rules.forced_first, 1), row);
  if (!rules.forced_last.empty() && chosen + 1 == rules.max_new_tokens) force(rules.forced_last, row);
  forbid(rules.suppressed, row);
  bool const after_forced = text.prompt == 1 && rules.forced_first.has_value();
  if (chosen == (after_forced ? 1 : 0)) forbid(rules.begin_suppressed, row);
}

}  // namespace constformer
