#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "commands.hpp"
#include "constformer/text/tokenizer.hpp"

namespace constformer::program {

/// What an encoder reads.
struct encoder_input : encoded_pair {
  std::size_t prompt_tokens = 0;  ///< at the beginning: those of the prompt, special ones before it included
};

/// What an encoder reads, as -p (once or twice), -f or --ids and --segments give it; checked against the model and its
/// context. `prompt` is put before the (first) text. Text is cut to the length that the model's files ask for. `what`
/// names the subcommand in messages.
encoder_input read_encoder_input(program_context const& context, input_options const& input,
                                 std::optional<std::string> const& segments, int capacity, char const* what,
                                 std::string const& prompt = {});

}  // namespace constformer::program
