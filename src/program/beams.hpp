#pragma once

#include <span>
#include <string>

#include "constformer/generate/beam_search.hpp"
#include "constformer/generate/logit_rules.hpp"
#include "context.hpp"
#include "options.hpp"
#include "output.hpp"

namespace constformer::program {

/// The values to search with: those given, else those that the checkpoint asks for (of a search as transformers does it),
/// else those of the rule. Throws `usage_error` if they make no sense.
beam_options resolve_beams(beam_choice const& choice, generation_defaults const& asked);

/// Whether beams are searched: a beam option asks for it, or the checkpoint does and no sampling option is given. Throws
/// `usage_error` for a beam option beside a sampling option that draws.
[[nodiscard]] bool searches_beams(program_context const& context, beam_choice const& beams,
                                  sampling_choice const& sampling);

/// The rules of a search: of the checkpoint, with the penalty given if one is; n-grams are those of `resolve_beams`.
[[nodiscard]] logit_rules beam_rules(program_context const& context, sampling_choice const& sampling,
                                     std::span<int const> stop_ids, int max_new_tokens);

/// Tokens that a translation has before it may end: CTranslate2's Translator takes no empty one unless it is told to.
[[nodiscard]] int least_tokens(beam_options const& options);

/// The values in use, on one line.
std::string describe(beam_options const& options);

/// Each hypothesis with a line end: its score and a tabulator if wanted, then its ids, or the text of `prompt` and of
/// them.
void print_hypotheses(program_context const& context, std::span<beam_hypothesis const> found,
                      std::span<int const> prompt, bool ids, bool scores, output& out);

}  // namespace constformer::program
