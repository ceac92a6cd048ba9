#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace constformer::command {

/// What of a side of pairs is a token.
enum class token_unit : unsigned char { characters, words };

/// How many tokens with names, `<blank>` the first, stand before those of the text.
inline constexpr int named_tokens = 4;

/// The lists that OpenNMT has: named tokens, then characters or words by their codes.
struct pair_vocabulary {
  std::vector<std::string> sources;  ///< of both sides if `targets` is empty
  std::vector<std::string> targets;
};

/// What pairs in `files` hold. Where they are together, `source` must be `target`. Throws `error` as the data's reader.
[[nodiscard]] pair_vocabulary find_pair_vocabulary(std::vector<std::filesystem::path> const& files, token_unit source,
                                                   token_unit target, bool together);

/// Writes source_vocabulary.txt and target_vocabulary.txt, or shared_vocabulary.txt.
void write_pair_vocabulary(pair_vocabulary const& words, std::filesystem::path const& folder);

}  // namespace constformer::command
