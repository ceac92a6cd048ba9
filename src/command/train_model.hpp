#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"
#include "train_options.hpp"
#include "train_task.hpp"
#include "training_text.hpp"

namespace constformer::command {

/// What is to be trained, as the command line named it.
struct train_model {
  std::string name;                       ///< in C++, and of the run
  std::string header;                     ///< text of a header that defines it; empty: `include` does
  std::filesystem::path include;          ///< the user's own header
  std::optional<config> described;        ///< none: only a compiler knows
  std::string config_json;                ///< of the folder; empty: there is none
  std::optional<checkpoint> source;       ///< whose weights are the first ones
  train_task task = train_task::unknown;  ///< what it learns
  bool apart = false;                     ///< sources have a vocabulary of their own
  std::optional<int> decoder_start;       ///< what a target is begun with, if its files say it
};

/// Looks at it as far as that goes without its vocabulary. Throws `error` with one sentence.
[[nodiscard]] train_model find_train_model(train_options const& options);

/// Describes it. The tokenizer's tokens stand in for a vocabulary and special ids, and the block size for positions,
/// that a JSON leaves open.
void describe(train_model& model, train_options const& options, text_ids const& text);

/// Whether a path names a header.
[[nodiscard]] bool is_header(std::filesystem::path const& path);

}  // namespace constformer::command
