#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/onig_pattern.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer {

tokenizer_data read_word_list(std::string_view bytes, std::string_view name) {
  tokenizer_data data;
  data.byte_ids.fill(-1);
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
  auto const id = [&](char const* token) { return text::id_of_text(data, token); };
  data.special.bos = id("<s>");
  data.special.eos = id("</s>");
  data.special.pad = id("<blank>");
  data.special.unk = id("<unk>");
  if (!data.special.unk)
    throw error(std::string(name) + ": <unk> is not among its " + std::to_string(data.vocabulary.size()) + " lines");
  // A word is a token or it is unknown. Greedy matching of parts never goes on: no word holds the mark that begins a part.
  data.model = model_kind::wordpiece;
  data.continuing_prefix = "  ";
  data.longest_word = 1 << 24;
  data.splits.push_back({split_kind::match, text::pcre_of_onig("\\s", name), split_behavior::removed, false});
  data.decoder = decode_kind::separated;
  for (auto const& special : {data.special.bos, data.special.eos, data.special.pad, data.special.unk}) {
    if (special)
      data.added.push_back(
          {*special, data.vocabulary[static_cast<std::size_t>(*special)].text, true, false, false, false, false});
  }
  return data;
}

}  // namespace constformer
