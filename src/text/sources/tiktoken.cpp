#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/base64.hpp"
#include "text/sources/onig_pattern.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer {
namespace text {
namespace {

struct special_token {
  std::string_view text;
  int id;
};

/// What a ranks file does not say: how its text is split and which tokens it has besides.
struct known_encoding {
  std::string_view name;
  std::size_t ranks;        ///< tokens in the file, which tell one encoding from another
  std::string_view splits;  ///< as splits_of_gguf names them
  std::array<special_token, 5> special;
  bool begins;  ///< the first of them begins every text
};

constexpr std::array encodings{
    known_encoding{"r50k", 50256, "gpt-2", {{{"<|endoftext|>", 50256}}}, false},
    known_encoding{"cl100k",
                   100256,
                   "tiktoken-cl100k",
                   {{{"<|endoftext|>", 100257},
                     {"<|fim_prefix|>", 100258},
                     {"<|fim_middle|>", 100259},
                     {"<|fim_suffix|>", 100260},
                     {"<|endofprompt|>", 100276}}},
                   false},
    known_encoding{"o200k", 199998, "gpt-4o", {{{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}}, false},
};

[[noreturn]] void refuse_line(std::string_view name, std::size_t number, std::string_view line) {
  throw error(std::string(name) + ": line " + std::to_string(number) + " is \"" + std::string(line.substr(0, 40)) +
              "\", a token in base64, a blank and its rank are expected");
}

known_encoding const& encoding_of(std::size_t ranks, std::string_view name) {
  for (known_encoding const& e : encodings)
    if (e.ranks == ranks) return e;
  throw error(std::string(name) + ": has " + std::to_string(ranks) +
              " ranks, which is no known encoding (r50k 50256, cl100k 100256, o200k 199998)");
}

}  // namespace

std::vector<std::string> read_ranks(std::string_view bytes, std::string_view name) {
  std::vector<std::string> tokens;
  std::unordered_set<std::string> seen;
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    std::size_t const end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    std::size_t const blank = line.find(' ');
    if (blank == 0 || blank == std::string_view::npos) refuse_line(name, number, line);
    std::string_view const digits = line.substr(blank + 1);
    std::size_t rank = 0;
    auto const [stop, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
    if (failed != std::errc() || stop != digits.data() + digits.size()) refuse_line(name, number, line);
    if (rank != tokens.size())
      throw error(std::string(name) + ": line " + std::to_string(number) + " has rank " + std::to_string(rank) + ", " +
                  std::to_string(tokens.size()) + " is expected");
    tokens.push_back(decode_base64(line.substr(0, blank), name));
    if (tokens.back().empty() || !seen.insert(tokens.back()).second)
      throw error(std::string(name) + ": the token of rank " + std::to_string(rank) + " is empty or comes twice");
  }
  return tokens;
}

tokenizer_data ranked_tokenizer(std::vector<std::string> const& tokens, std::string_view name) {
  tokenizer_data data;
  data.model = model_kind::ranks;
  data.decoder = decode_kind::bytes;
  data.byte_level = true;
  data.byte_ids.fill(-1);
  for (std::string const& token : tokens) {
    auto const id = static_cast<int>(data.vocabulary.size());
    if (token.size() == 1) data.byte_ids[static_cast<unsigned char>(token.front())] = id;
    data.vocabulary.push_back({token, 0, piece_kind::normal, true});
  }
  for (std::size_t byte = 0; byte < data.byte_ids.size(); ++byte)
    if (data.byte_ids[byte] < 0) throw error(std::string(name) + ": has no token for the byte " + std::to_string(byte));
  return data;
}

void add_ranked_special(tokenizer_data& data, std::string_view text, int id) {
  ensure_id(data, id);
  vocabulary_entry& e = data.vocabulary[static_cast<std::size_t>(id)];
  e = {std::string(text), 0, piece_kind::normal, false};
  data.added.push_back({id, std::string(text), true, false, false, false, false});
}

}  // namespace text

tokenizer_data read_tiktoken(std::string_view bytes, std::string_view name) {
  std::vector<std::string> const tokens = text::read_ranks(bytes, name);
  text::known_encoding const& known = text::encoding_of(tokens.size(), name);
  tokenizer_data data = text::ranked_tokenizer(tokens, name);
  data.splits = text::splits_of_gguf(known.splits)->steps;
  for (text::special_token const& s : known.special)
    if (!s.text.empty()) text::add_ranked_special(data, s.text, s.id);
  text::guess_special(data);
  return data;
}

}  // namespace constformer
