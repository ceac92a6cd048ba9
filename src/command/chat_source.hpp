#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/text/chat.hpp"

namespace constformer::command {

/// The chat templates of a checkpoint, or of the tokenizer that was named; an encoder has none.
[[nodiscard]] chat_templates templates_of(checkpoint const& source, config const& model);

/// The chat templates that a program of `source` carries, as `words_of` writes them: those of the checkpoint, or of the
/// tokenizer that was named; `choice` overrules them: a file with a Jinja template, or `none`. Throws `error` if one
/// is not understood, so that a program never renders what it does not know.
[[nodiscard]] std::vector<std::string> chat_words(checkpoint const& source, config const& model,
                                                  std::string const& choice);

/// A file's Jinja template by the name `default`.
[[nodiscard]] chat_templates template_file(std::filesystem::path const& path);

}  // namespace constformer::command
