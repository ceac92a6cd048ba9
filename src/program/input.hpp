#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "context.hpp"
#include "options.hpp"

namespace constformer::program {

/// Whole numbers separated by commas or white space; throws `error` beginning with `name` on anything else.
std::vector<int> read_ids(std::string_view list, char const* name);

/// Throws `error` unless every id is in [0, vocab).
void check_ids(std::span<int const> ids, int vocab, char const* name);

/// The bytes of FILE, or of standard input for "-".
std::string read_input(std::string const& file);

/// Throws `error` with the place of the first byte that is not UTF-8, beginning with `name`.
void check_text(std::string_view text, std::string const& name);

/// The text that -p or -f give, which must be UTF-8.
std::string read_text(input_options const& input);

/// Throws `usage_error` if more than one of -p, -f and --ids was given, or a second -p.
void check_one_input(input_options const& input, bool pair_allowed);

/// The ids of the input, checked against the vocabulary. Text is encoded as the model's tokenizer does by default; empty text
/// is the token that begins a text alone, and `error` where there is none.
std::vector<int> read_prompt(program_context const& context, input_options const& input);

}  // namespace constformer::program
