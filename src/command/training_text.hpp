#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "constformer/text/tokenizer.hpp"
#include "pair_vocabulary.hpp"
#include "train_options.hpp"
#include "train_task.hpp"

namespace constformer::command {

/// How training data that is text becomes tokens, or tokens become text.
struct training_text {
  std::filesystem::path source;           ///< file or folder of a tokenizer; empty: there is none, or one is made
  std::vector<std::string> characters{};  ///< the text's own, by id; empty: not so
  std::vector<std::string> special{};     ///< behind them
  pair_vocabulary words{};                ///< of pairs; empty: not so
};

/// The ids of tokens that config.json names, and how many there are.
struct text_ids {
  int vocab = 0;         ///< of targets; 0: there is no tokenizer
  int source_vocab = 0;  ///< of sources
  special_tokens roles;  ///< of targets
};

/// What --tokenizer names; else that of the checkpoint that is gone on from, what lies beside the data, or, if the data
/// is text, its characters. `apart`: sources have a vocabulary of their own.
[[nodiscard]] training_text find_training_text(train_options const& options, train_task task, bool apart);

/// Puts its files into a folder of a model.
void put_tokenizer(training_text const& text, std::filesystem::path const& folder);

/// Of what `put_tokenizer` would put.
[[nodiscard]] text_ids ids_of(training_text const& text);

}  // namespace constformer::command
