#pragma once

#include <optional>
#include <string>

#include "commands.hpp"
#include "constformer/text/tokenizer.hpp"

namespace constformer::program {

/// What an encoder reads, as -p (once or twice), -f or --ids and --segments give it; checked against the model and its
/// context. Text is cut to the length that the model's files ask for. `what` names the subcommand in messages.
encoded_pair read_encoder_input(program_context const& context, input_options const& input,
                                std::optional<std::string> const& segments, int capacity, char const* what);

}  // namespace constformer::program
