#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "constformer/checkpoint/embedding.hpp"
#include "constformer/generate/session.hpp"
#include "context.hpp"
#include "embedding_steps.hpp"
#include "encoder_input.hpp"
#include "options.hpp"

namespace constformer::program {

/// The steps of the files, the pooling and the last norm as the command line wants them. Without pooling, what would
/// come after it is left out.
[[nodiscard]] embedding_recipe wanted_recipe(program_context const& context, embed_options const& options);

/// What is put before the text: what the command line gives, or the files' prompt of that name, or their default.
[[nodiscard]] std::string wanted_prompt(program_context const& context, embed_options const& options);

/// The embedding of a text, or its rows where nothing is pooled.
[[nodiscard]] embedded_rows embed(program_context const& context, session& model, encoder_input const& input,
                                  embedding_recipe const& recipe);

/// The same of a text whose hidden states are there already; `prompt_tokens` at its beginning are of a prompt.
[[nodiscard]] embedded_rows embed_rows(program_context const& context, session& model, std::span<float const> hidden,
                                       std::size_t prompt_tokens, embedding_recipe const& recipe);

}  // namespace constformer::program
