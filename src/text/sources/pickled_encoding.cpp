// nanochat's tokenizer.pkl: tiktoken's Encoding as Python pickles it, the class by its name and a dict of its fields as
// state.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "checkpoint/pickle.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/onig_pattern.hpp"
#include "text/sources/pickled.hpp"
#include "text/sources/vocabulary.hpp"
#include "text/utf8.hpp"

namespace constformer {
namespace text {
namespace {

pickle_value field_of(pickle_value const& state, std::string_view name, pickle_kind kind) {
  auto const field = state.find(name);
  if (!field) state.fail("its encoding has no " + std::string(name));
  if (field->kind() != kind)
    state.fail(std::string(name) + " is " + std::string(name_of(field->kind())) + ", it must be " +
               std::string(name_of(kind)));
  return *field;
}

// Tokens by rank. Ranks count up from 0 without a gap, in whatever order the dict was filled.
std::vector<std::string> ranks_of(pickle_value const& ranks) {
  std::vector<std::string> tokens(ranks.size());
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    std::int64_t const rank = ranks.value(i).integer("a rank");
    if (rank < 0 || static_cast<std::size_t>(rank) >= tokens.size())
      ranks.fail("mergeable_ranks has rank " + std::to_string(rank) + " and " + std::to_string(tokens.size()) +
                 " entries");
    std::string& token = tokens[static_cast<std::size_t>(rank)];
    std::string_view const bytes = ranks.key(i).bytes("a token of mergeable_ranks");
    if (!token.empty() || bytes.empty() || !seen.insert(bytes).second)
      ranks.fail("the token of rank " + std::to_string(rank) + " is empty or comes twice");
    token = bytes;
  }
  return tokens;
}

void add_special_tokens(tokenizer_data& data, pickle_value const& special) {
  constexpr std::size_t most_gap = 1 << 16;
  std::size_t const ranks = data.vocabulary.size();
  std::unordered_set<std::int64_t> seen;
  for (std::size_t i = 0; i < special.size(); ++i) {
    std::string_view const token = special.key(i).text("a special token");
    std::int64_t const id = special.value(i).integer("the id of a special token");
    if (token.empty() || find_invalid_utf8(token) != token.size()) special.fail("a special token is not a text");
    if (id < 0 || static_cast<std::uint64_t>(id) < ranks || static_cast<std::uint64_t>(id) > ranks + most_gap ||
        !seen.insert(id).second)
      special.fail("special token \"" + std::string(token.substr(0, 40)) + "\" has id " + std::to_string(id) +
                   ", which is no id of its own behind " + std::to_string(ranks) + " ranks");
    add_ranked_special(data, token, static_cast<int>(id));
  }
}

}  // namespace

tokenizer_data encoding_of(pickle_value const& root, std::string_view name) {
  if (root.size() == 2 && root[1].kind() == pickle_kind::text)
    root.fail("names tiktoken's encoding " + std::string(root[1].text("an encoding").substr(0, 40)) +
              " and does not hold it");
  if (root.size() != 2 || root[1].kind() != pickle_kind::dict)
    root.fail("its encoding has no dict of fields, as tiktoken pickles it");
  pickle_value const state = root[1];
  tokenizer_data data = ranked_tokenizer(ranks_of(field_of(state, "mergeable_ranks", pickle_kind::dict)), name);
  std::string_view const pattern = field_of(state, "pat_str", pickle_kind::text).text("pat_str");
  data.splits = {{split_kind::match, pcre_of_rust(pattern, name), split_behavior::isolated, false}};
  add_special_tokens(data, field_of(state, "special_tokens", pickle_kind::dict));
  auto const bos = id_of_text(data, "<|bos|>");
  data.special.bos = bos;
  guess_special(data);
  set_bos_eos(data, bos.has_value(), false);
  return data;
}

}  // namespace text

tokenizer_data read_pickled_tokenizer(std::string_view bytes, std::string_view name) {
  constexpr std::array<std::string_view, 1> allowed{"tiktoken.core Encoding"};
  pickle_value const root = read_pickle(std::as_bytes(std::span(bytes)), name, allowed);
  return root.kind() == pickle_kind::object ? text::encoding_of(root, name) : text::characters_of(root);
}

}  // namespace constformer
