#pragma once

#include <optional>
#include <span>

#include "constformer/generate/logit_rules.hpp"
#include "context.hpp"

namespace constformer::program {

/// Tokens to generate at most after a prompt of `prompt` tokens: `given`, else what the checkpoint asks for; -1: no
/// limit. Throws `usage_error` if `given` is below -1, `error` if the checkpoint's longest text is no longer than the
/// prompt.
[[nodiscard]] int most_new_tokens(program_context const& context, std::optional<int> given, std::size_t prompt);

/// What the checkpoint forbids and forces in a text of at most `max_new_tokens` tokens that ends at `stop_ids`. The
/// n-grams that may not occur twice are left to the command line.
[[nodiscard]] logit_rules rules_of(program_context const& context, std::span<int const> stop_ids, int max_new_tokens);

}  // namespace constformer::program
