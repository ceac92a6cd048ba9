#pragma once

#include <vector>

#include "context.hpp"
#include "options.hpp"

namespace constformer::program {

/// The ids of a source, checked against the source vocabulary; text is encoded as the model's tokenizer does by
/// default. Throws `usage_error` unless exactly one of text, file and ids is given.
std::vector<int> read_source(program_context const& context, source_options const& source);

/// The token that starts a target. Throws `error` if the model's files name none.
int target_start(program_context const& context);

}  // namespace constformer::program
