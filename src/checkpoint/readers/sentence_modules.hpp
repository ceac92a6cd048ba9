#pragma once

#include <filesystem>
#include <vector>

#include "constformer/checkpoint/embedding.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// What a folder's files say of embeddings: those of sentence-transformers, if it has them, or the defaults of that
/// library.
struct sentence_modules {
  embedding_recipe recipe;       ///< never without a pooling
  std::vector<float> weights{};  ///< of its steps
  int max_sequence = 0;          ///< longest input in tokens; 0: not said
  bool lower_case = false;       ///< text is lower-cased before the tokenizer's own rewriting
};

/// The folder of the encoder or decoder itself: `folder`, or the subfolder ("0_Transformer") in which modules.json
/// places it. Throws `error` if it is damaged or places it elsewhere.
[[nodiscard]] std::filesystem::path transformer_folder(std::filesystem::path const& folder);

/// Reads modules.json, configs and weights of the modules it names, config_sentence_transformers.json, and the
/// Transformer module's sentence_bert_config.json (or one of its older names) for a model of this config. Throws
/// `error` if a module is of a kind that is not supported, asks for something that is not, or does not fit what stands
/// before it.
[[nodiscard]] sentence_modules read_sentence_modules(std::filesystem::path const& folder, config const& model);

/// The same of any checkpoint: GGUF files say the pooling, files that are neither that nor folders say nothing.
[[nodiscard]] sentence_modules modules_of(checkpoint const& source, config const& model);

/// The files of the modules behind the Transformer, relative to `folder`.
[[nodiscard]] std::vector<std::filesystem::path> module_files(std::filesystem::path const& folder);

}  // namespace constformer
