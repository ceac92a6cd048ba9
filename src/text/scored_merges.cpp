#include <map>
#include <utility>

#include "text/model.hpp"
#include "text/sentencepiece_output.hpp"
#include "text/trie.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// SentencePiece BPE: two neighbours merge if together they spell a piece, highest score first.
class scored_merges final : public word_model {
 public:
  scored_merges(blob_reader const& blob, piece_table const& pieces)
      : pieces_(pieces), user_symbols_(blob.bytes(section::user_trie)), unknown_(blob) {
    if (unknown_.unknown() < 0) throw_damaged("the unknown token");
  }

  void segment(std::string_view word, workspace& w, std::vector<int>& out) const override {
    start(word, w.symbols);
    origins unused;
    merge_symbols(w, [&](symbol const& l, symbol const& r) -> std::optional<merge_offer> {
      std::string_view const text = word.substr(l.begin, l.size + r.size);
      auto const id = pieces_.find(text);
      if (!id) return std::nullopt;
      if (pieces_.kind(*id) == piece_kind::unused) unused[text] = {text.substr(0, l.size), text.substr(l.size)};
      return merge_offer{priority_of_score(static_cast<float>(pieces_.score(*id))), *id};
    });
    sentencepiece_output output(unknown_, out);
    for (symbol const& s : w.symbols) {
      if (s.size != 0) put(word.substr(s.begin, s.size), unused, output);
    }
  }

 private:
  /// Which two texts an unused piece was last offered for.
  using origins = std::map<std::string_view, std::pair<std::string_view, std::string_view>>;

  void start(std::string_view word, std::vector<symbol>& symbols) const {
    symbols.clear();
    for (std::size_t at = 0; at < word.size();) {
      auto const user = user_symbols_.longest(word.substr(at));
      std::size_t const size = user.size != 0 ? user.size : std::min(announced_length(word[at]), word.size() - at);
      append_symbol(symbols, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size), 0, user.size != 0);
      at += size;
    }
  }

  [[nodiscard]] std::uint32_t id_of(std::string_view text) const {
    if (auto const reserved = pieces_.find_reserved(text)) return *reserved;
    if (auto const piece = pieces_.find(text)) return *piece;
    return static_cast<std::uint32_t>(unknown_.unknown());
  }

  /// Unused pieces only help to build longer ones; what is left of them is taken apart again.
  void put(std::string_view text, origins const& unused, sentencepiece_output& output) const {
    std::vector<std::string_view> rest{text};
    while (!rest.empty()) {
      std::string_view const part = rest.back();
      rest.pop_back();
      std::uint32_t const id = id_of(part);
      auto const origin = pieces_.kind(id) == piece_kind::unused ? unused.find(part) : unused.end();
      if (origin == unused.end()) {
        output.put(part, id);
      } else {
        rest.push_back(origin->second.second);
        rest.push_back(origin->second.first);
      }
    }
  }

  piece_table const& pieces_;
  trie user_symbols_;
  unknown_text unknown_;
};

}  // namespace

std::unique_ptr<word_model> make_scored_merges(blob_reader const& blob, piece_table const& pieces) {
  return std::make_unique<scored_merges>(blob, pieces);
}

}  // namespace constformer::text
