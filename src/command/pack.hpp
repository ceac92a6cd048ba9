#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"

namespace constformer::command {

/// The tokenizer of `source` as programs read it; empty if there is none. `lower_case`: text is lower-cased first, as a
/// module asks that the tokenizer's own files know nothing of.
[[nodiscard]] std::vector<std::byte> pack_tokenizer(checkpoint const& source, bool lower_case);

/// Packs the weights of `source` for programs compiled from `model` (its config, with the capacity and types of the
/// build), the tokenizer beside them, if there is one, and `chat` (the words of its templates) into `file`. Throws
/// `error` if a tensor is missing or of another shape.
void pack_checkpoint(checkpoint const& source, config const& model, std::filesystem::path const& file,
                     std::span<std::string const> chat = {});

}  // namespace constformer::command
