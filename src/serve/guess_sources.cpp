#include "guess_sources.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "constformer/config/config.hpp"
#include "draft_guesses.hpp"
#include "prompt_lookup.hpp"

namespace constformer::serve {

bool can_be_cut(model_unit const& unit) {
  config const& c = *unit.configuration;
  bool const dynamic = c.position == position_kind::rotary && c.rope.scaling == rope_scaling_kind::dynamic;
  return unit.execute != nullptr && c.mask != mask_kind::prefix && !dynamic;
}

std::shared_ptr<guess_source> make_guess_source(engine_options const& options, int capacity) {
  auto const& [unit, weights, threads, tokens, ended] = options.draft;
  if (!options.prompt_lookup && unit == nullptr) return nullptr;
  for (auto const* asked : {options.unit, unit})
    if (asked != nullptr && !can_be_cut(*asked))
      throw error("--draft: " + std::string(asked->name) + " is of a kind whose tokens cannot be guessed ahead");
  if (unit == nullptr) return std::make_shared<prompt_lookup>();
  draft_limits const limits{.tokens = tokens, .sequences = options.sequences};
  int const room = std::min(capacity, unit->configuration->capacity);
  return std::make_shared<draft_guesses>(unit->execute(weights, draft_guesses::options_for(limits, room, threads)),
                                         limits, ended);
}

}  // namespace constformer::serve
