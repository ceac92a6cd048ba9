#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "train_options.hpp"

namespace constformer::command {

/// How training data that is text becomes tokens, or tokens become text.
struct training_text {
  std::filesystem::path source;           ///< file or folder of a tokenizer; empty: there is none, or `characters`
  std::vector<std::string> characters{};  ///< the text's own, by id; empty: not so
  int vocab = 0;                          ///< its tokens; 0: there is none
};

/// What --tokenizer names; else that of the checkpoint that is gone on from, what lies beside the data, or, if the data
/// is text, its characters.
[[nodiscard]] training_text find_training_text(train_options const& options);

/// Puts its files into a folder of a model.
void put_tokenizer(training_text const& text, std::filesystem::path const& folder);

}  // namespace constformer::command
