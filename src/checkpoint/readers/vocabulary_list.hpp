#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace constformer {

/// The tokens of one side of an OpenNMT model, by id.
struct vocabulary_list {
  std::vector<std::string> tokens;  ///< the unknown token included, which files may leave out at the end

  /// The id of a token, if there is one.
  [[nodiscard]] std::optional<int> id_of(std::string_view token) const;
};

/// Reads shared_vocabulary or `name` (source_vocabulary, target_vocabulary, vocabulary) of a folder, .json (a list) or
/// .txt (a line each).
/// Throws `error` if there is none, or if it does not have `size` tokens.
[[nodiscard]] vocabulary_list read_vocabulary_list(std::filesystem::path const& folder, std::string const& name,
                                                   int size);

}  // namespace constformer
