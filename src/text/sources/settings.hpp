#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/json.hpp"
#include "text/sources/tokenizer_class.hpp"

namespace constformer::text {

/// The bytes of a file. Throws `error` if it cannot be read.
std::string read_file(std::filesystem::path const& path);

/// A role as the settings name it: not at all, as none (null), or as a token.
struct named_role {
  bool named = false;
  bool by_text = false;              ///< the class gives the token its flags
  std::optional<added_token> token;  ///< its id is not known yet
};

/// What stands beside a vocabulary and counts with it: tokenizer_config.json, special_tokens_map.json,
/// added_tokens.json, and of config.json what names the class. As in transformers 4.57, added_tokens_decoder of the
/// first makes the next two of no account, and without it special_tokens_map.json wins.
class tokenizer_settings {
 public:
  /// Reads what there is in `folder`. Throws `error` on damage and on what is not supported and would matter.
  explicit tokenizer_settings(std::filesystem::path const& folder);

  /// The class that AutoTokenizer takes: that of tokenizer_config.json, of config.json, of the model's type; or "".
  [[nodiscard]] std::string const& class_name() const { return class_name_; }
  [[nodiscard]] class_facts const& facts() const { return class_named(class_name_); }

  /// Whether transformers 5 wrote the files, which says so in `backend`; 4.57 does not read all of them.
  [[nodiscard]] bool saved_by_5() const { return text("backend").has_value(); }

  /// @{ A field of tokenizer_config.json.
  [[nodiscard]] std::optional<bool> flag(char const* field) const;
  [[nodiscard]] std::optional<int> integer(char const* field) const;
  [[nodiscard]] std::optional<std::string> text(char const* field) const;
  /// @}

  /// What a field like bos_token names.
  [[nodiscard]] named_role role(char const* field) const;

  /// Special tokens without a role: additional_special_tokens and extra_special_tokens.
  [[nodiscard]] std::vector<added_token> further_special() const;

  /// Whether additional_special_tokens is there.
  [[nodiscard]] bool lists_further() const;

  /// added_tokens_decoder or, without it, added_tokens.json, by their ids.
  [[nodiscard]] std::vector<added_token> described() const;

  /// Throws `error` naming the file and what is wrong in it.
  [[noreturn]] void fail(std::string const& what) const;

 private:
  void name_class(std::filesystem::path const& config);
  void refuse_what_matters() const;
  [[nodiscard]] json const* decoder() const;
  [[nodiscard]] bool is_special(std::string_view token) const;
  [[nodiscard]] std::vector<added_token> of_decoder(json const& tokens) const;

  std::string where_, class_name_;
  std::optional<json_file> config_, map_, added_;
};

}  // namespace constformer::text
