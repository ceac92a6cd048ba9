#include "text/model.hpp"

namespace constformer::text {
namespace {

/// tiktoken's byte-pair encoding: a word that is a token is that token; otherwise any two neighbours that spell a token
/// may merge, the lowest id first and the leftmost among equals. There is no list of merges.
class ranks final : public word_model {
 public:
  ranks(blob_reader const& blob, piece_table const& pieces) : pieces_(pieces), bytes_(blob) {
    for (int byte = 0; byte < 256; ++byte)
      if (bytes_.byte_id(static_cast<char>(static_cast<unsigned char>(byte))) < 0)
        throw_damaged("the table of byte tokens");
  }

  void segment(std::string_view word, workspace& w, std::vector<int>& out) const override {
    if (auto const id = pieces_.find(word)) {
      out.push_back(static_cast<int>(*id));
      return;
    }
    w.symbols.clear();
    for (std::uint32_t at = 0; at < word.size(); ++at)
      append_symbol(w.symbols, at, 1, static_cast<std::uint32_t>(bytes_.byte_id(word[at])));
    merge_symbols(w, [&](symbol const& l, symbol const& r) -> std::optional<merge_offer> {
      auto const id = pieces_.find(word.substr(l.begin, l.size + r.size));
      if (!id) return std::nullopt;
      return merge_offer{*id, *id};
    });
    for (symbol const& s : w.symbols) {
      if (s.size != 0) out.push_back(static_cast<int>(s.id));
    }
  }

 private:
  piece_table const& pieces_;
  unknown_text bytes_;
};

}  // namespace

std::unique_ptr<word_model> make_ranks(blob_reader const& blob, piece_table const& pieces) {
  return std::make_unique<ranks>(blob, pieces);
}

}  // namespace constformer::text
