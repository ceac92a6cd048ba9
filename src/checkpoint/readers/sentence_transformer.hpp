#pragma once

#include <filesystem>

#include "constformer/config/config.hpp"

namespace constformer {

/// What the Transformer module of a sentence-transformers folder asks of its tokenizer.
struct sentence_transformer_settings {
  int max_sequence = 0;     ///< longest input in tokens
  bool lower_case = false;  ///< text is lower-cased before the tokenizer's own rewriting
  bool cut_left = false;    ///< text that is too long loses its beginning
  bool scores = false;      ///< gives scores of a classifier and nothing to pool
};

/// Reads sentence_bert_config.json, or one of its older names, and what tokenizer_config.json says of lengths in
/// `folder`. Throws `error` if something is asked for that is not supported.
[[nodiscard]] sentence_transformer_settings read_sentence_transformer(std::filesystem::path const& folder,
                                                                      config const& model);

}  // namespace constformer
