#pragma once

#include <filesystem>
#include <string>

namespace constformer {

/// What a sentence-transformers folder asks for after the encoder.
struct sentence_modules {
  std::string pooling;     ///< mean, cls, last, max, mean_sqrt_len or weighted_mean; empty: there is no modules.json
  bool normalize = false;  ///< to length 1
  int max_sequence = 0;    ///< longest input in tokens; 0: not said
};

/// Reads modules.json, the configs of the modules it names, and sentence_bert_config.json. Throws `error` if a module
/// is of a kind that is not supported, or says something that makes no sense.
[[nodiscard]] sentence_modules read_sentence_modules(std::filesystem::path const& folder);

}  // namespace constformer
