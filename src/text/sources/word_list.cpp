#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/onig_pattern.hpp"
#include "text/sources/vocabulary.hpp"
#include "text/utf8.hpp"

namespace constformer {
namespace text {
namespace {

constexpr std::array<std::string_view, 5> named_tokens{"<blank>", "<pad>", "<unk>", "<s>", "</s>"};

void read_tokens(std::string_view bytes, std::string_view name, tokenizer_data& data) {
  std::unordered_set<std::string> seen;
  while (!bytes.empty()) {
    std::size_t const end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!seen.emplace(line).second)
      throw error(std::string(name) + ": \"" + std::string(line.substr(0, 40)) + "\" comes twice");
    data.vocabulary.push_back({std::string(line), 0, piece_kind::normal, true});
  }
  if (data.vocabulary.empty()) throw error(std::string(name) + ": has no lines");
  // CTranslate2 puts it behind the others where it is missing.
  if (!seen.contains("<unk>")) data.vocabulary.push_back({"<unk>", 0, piece_kind::normal, true});
}

void set_roles(tokenizer_data& data) {
  auto const id = [&](char const* token) { return id_of_text(data, token); };
  data.special.bos = id("<s>");
  data.special.eos = id("</s>");
  data.special.pad = id("<blank>");
  data.special.unk = id("<unk>");
  for (auto const& special : {data.special.bos, data.special.eos, data.special.pad, data.special.unk}) {
    if (special)
      data.added.push_back(
          {*special, data.vocabulary[static_cast<std::size_t>(*special)].text, true, false, false, false, false});
  }
}

bool is_character(std::string_view token) { return !token.empty() && decode_first(token).size == token.size(); }

// A list of words has words of several characters; in a list of characters only the tokens with a role have.
bool holds_characters(tokenizer_data const& data) {
  bool any = false;
  for (vocabulary_entry const& entry : data.vocabulary) {
    if (std::ranges::find(named_tokens, entry.text) != named_tokens.end()) continue;
    if (!is_character(entry.text)) return false;
    any = true;
  }
  return any;
}

// White space at both ends is of the file or the shell, not of the text, unless the vocabulary has it.
void split_into_characters(tokenizer_data& data) {
  data.model = model_kind::characters;
  data.decoder = decode_kind::bytes;
  if (id_of_text(data, " ")) return;
  data.rewrites = {{rewrite_kind::strip_left, "", ""}, {rewrite_kind::strip_right, "", ""}};
  if (!id_of_text(data, space_symbol)) return;
  data.rewrites.push_back({rewrite_kind::replace, " ", std::string(space_symbol)});
  data.decoder = decode_kind::metaspace;
}

// A word is a token or it is unknown. Greedy matching of parts never goes on: no word holds the mark that begins a
// part.
void split_into_words(tokenizer_data& data, std::string_view name) {
  data.model = model_kind::wordpiece;
  data.continuing_prefix = "  ";
  data.longest_word = 1 << 24;
  data.splits.push_back({split_kind::match, pcre_of_onig("\\s", name), split_behavior::removed, false});
  data.decoder = decode_kind::separated;
}

}  // namespace
}  // namespace text

tokenizer_data read_word_list(std::string_view bytes, std::string_view name) {
  tokenizer_data data;
  data.byte_ids.fill(-1);
  text::read_tokens(bytes, name, data);
  text::set_roles(data);
  if (text::holds_characters(data))
    text::split_into_characters(data);
  else
    text::split_into_words(data, name);
  return data;
}

}  // namespace constformer
