#pragma once

#include <span>
#include <string>

#include "constformer/generate/beam_search.hpp"
#include "context.hpp"
#include "options.hpp"
#include "output.hpp"

namespace constformer::program {

/// The values to search with: those given, else those of the rule. Throws `usage_error` if they make no sense.
beam_options resolve_beams(beam_choice const& choice);

/// Tokens that a translation has before it may end: CTranslate2's Translator takes no empty one unless it is told to.
[[nodiscard]] int least_tokens(beam_options const& options);

/// The values in use, on one line.
std::string describe(beam_options const& options);

/// Each hypothesis with a line end: its score and a tabulator if wanted, then its ids, or the text of `prompt` and of
/// them.
void print_hypotheses(program_context const& context, std::span<beam_hypothesis const> found,
                      std::span<int const> prompt, bool ids, bool scores, output& out);

}  // namespace constformer::program
