#pragma once

#include <string>
#include <vector>

#include "context.hpp"
#include "input_bytes.hpp"
#include "options.hpp"

namespace constformer::program {

/// The text that -p or -f give, which must be UTF-8.
std::string read_text(input_options const& input);

/// Throws `usage_error` if more than one of -p, -f and --ids was given, or a second -p.
void check_one_input(input_options const& input, bool pair_allowed);

/// The ids of one prompt, checked against the vocabulary; empty text is the token that begins a text alone.
std::vector<int> encode_prompt(program_context const& context, std::string_view prompt);

/// The ids of each line of the file, checked; the last line need not end.
std::vector<std::vector<int>> read_prompt_lines(program_context const& context, std::string const& file);

/// The ids of text that goes on: nothing is added before it.
std::vector<int> encode_more(program_context const& context, std::string const& text, char const* name);

/// The ids of the input, checked against the vocabulary. Text is encoded as the model's tokenizer does by default;
/// empty text is the token that begins a text alone, and `error` where there is none.
std::vector<int> read_prompt(program_context const& context, input_options const& input);

}  // namespace constformer::program
