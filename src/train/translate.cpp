#include "translate.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace constformer::train {

namespace {

using ids = std::vector<std::int32_t>;

std::string decoded(tokenizer const& tokens, std::span<std::int32_t const> from) {
  return tokens.decode(ids(from.begin(), from.end()));
}

// Until the end of a text or of the context.
ids greedy(learner& model, learner_facts const& facts, tokenizer const& tokens, batch_sequence const& pair) {
  ids out{pair.tokens.front()};
  ragged_batch batch;
  while (out.size() < static_cast<std::size_t>(facts.bounds.tokens / facts.bounds.sequences)) {
    batch.clear();
    batch.add({.tokens = out, .source = pair.source});
    auto const logits = model.foretell(batch);
    auto const next = static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
    if (next == tokens.special().eos) break;
    out.push_back(next);
  }
  out.erase(out.begin());
  return out;
}

}  // namespace

std::string translate(learner& model, learner_facts const& facts, tokenizer const& tokens, ragged_batch const& pairs,
                      int most) {
  std::string out;
  for (int i = 0; i < std::min(pairs.sequences(), most); ++i) {
    batch_sequence const pair = pairs[i];
    out += "source: " + decoded(tokens, pair.source) + "\ntarget: " + decoded(tokens.target(), pair.targets) +
           "\noutput: " + decoded(tokens.target(), greedy(model, facts, tokens.target(), pair)) + "\n";
  }
  return out;
}

}  // namespace constformer::train
