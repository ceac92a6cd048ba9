#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"
#include "train_options.hpp"

namespace constformer::command {

/// What is to be trained, as the command line named it.
struct train_model {
  std::string name;                  ///< in C++, and of the run
  std::string header;                ///< text of a header that defines it; empty: `include` does
  std::filesystem::path include;     ///< the user's own header
  std::optional<config> described;   ///< none: only a compiler knows
  std::string config_json;           ///< of the folder; empty: there is none
  std::optional<checkpoint> source;  ///< whose weights are the first ones
};

/// Reads it. `vocab` stands in for a vocabulary, and the block size for positions, that a JSON leaves open; 0: there is
/// none. Throws `error` with one sentence.
[[nodiscard]] train_model find_train_model(train_options const& options, int vocab);

/// Whether a path names a header.
[[nodiscard]] bool is_header(std::filesystem::path const& path);

}  // namespace constformer::command
