#include "text/model.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// The encoder of llama2.c's run.c. Unlike SentencePiece's it joins the ids' own texts, so that the text of a byte
/// token is "<0x0A>" and not the byte.
class llama2c final : public word_model {
 public:
  llama2c(blob_reader const& blob, piece_table const& pieces) : pieces_(pieces), unknown_(blob) {}

  void segment(std::string_view word, workspace& w, std::vector<int>& out) const override {
    start(word, w.at_start, w.symbols);
    merge_symbols(w, [&](symbol const& l, symbol const& r) -> std::optional<merge_offer> {
      constexpr float lowest_score = -1e10f;  // where run.c starts its search for the best pair
      auto const id = pieces_.find(pieces_.text(l.id), pieces_.text(r.id));
      if (!id || !(static_cast<float>(pieces_.score(*id)) > lowest_score)) return std::nullopt;
      return merge_offer{priority_of_score(static_cast<float>(pieces_.score(*id))), *id};
    });
    for (symbol const& s : w.symbols) {
      if (s.size != 0) out.push_back(static_cast<int>(s.id));
    }
  }

 private:
  /// A character is a byte and up to three continuation bytes behind it, whatever the first byte announces.
  /// The blank that run.c puts before the text is a token before it looks at the text.
  void start(std::string_view word, bool after_blank, std::vector<symbol>& symbols) const {
    constexpr std::size_t longest = 4;
    symbols.clear();
    for (std::size_t at = 0; at < word.size();) {
      std::size_t size = 1;
      bool const blank = after_blank && at == 0;
      while (!blank && size < longest && at + size < word.size() && is_continuation(word[at + size])) ++size;
      put_character(symbols, static_cast<std::uint32_t>(at), word.substr(at, size));
      at += size;
    }
  }

  void put_character(std::vector<symbol>& symbols, std::uint32_t at, std::string_view text) const {
    if (auto const id = pieces_.find(text)) {
      append_symbol(symbols, at, static_cast<std::uint32_t>(text.size()), *id);
      return;
    }
    for (char const c : text) {
      if (unknown_.byte_id(c) >= 0) append_symbol(symbols, at, 1, static_cast<std::uint32_t>(unknown_.byte_id(c)));
      ++at;
    }
  }

  piece_table const& pieces_;
  unknown_text unknown_;
};

}  // namespace

std::unique_ptr<word_model> make_llama2c(blob_reader const& blob, piece_table const& pieces) {
  return std::make_unique<llama2c>(blob, pieces);
}

}  // namespace constformer::text
