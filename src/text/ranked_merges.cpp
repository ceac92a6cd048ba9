#include "text/merge_table.hpp"
#include "text/model.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// Byte-pair encoding by a ranked list of merges, as the tokenizers library does it.
class ranked_merges final : public word_model {
 public:
  ranked_merges(blob_reader const& blob, piece_table const& pieces)
      : pieces_(pieces),
        merges_(blob),
        unknown_(blob),
        byte_level_(blob.has(flag_byte_level)),
        fuse_(blob.has(flag_fuse_unknown)),
        whole_first_(blob.has(flag_whole_word_first)) {}

  void segment(std::string_view word, workspace& w, std::vector<int>& out) const override {
    if (whole_first_) {
      if (auto const id = pieces_.find(word)) {
        out.push_back(static_cast<int>(*id));
        return;
      }
    }
    start(word, w.symbols);
    if (w.symbols.size() > 1) {
      merge_symbols(w, [&](symbol const& l, symbol const& r) -> std::optional<merge_offer> {
        auto const found = merges_.find(l.id, r.id);
        if (!found) return std::nullopt;
        return merge_offer{found->rank, found->result};
      });
    }
    for (symbol const& s : w.symbols) {
      if (s.size != 0) out.push_back(static_cast<int>(s.id));
    }
  }

 private:
  /// The first symbols: bytes or characters. An unknown stretch is held back until a known character ends it, also
  /// behind byte tokens: so does the library.
  void start(std::string_view word, std::vector<symbol>& symbols) const {
    symbols.clear();
    std::uint32_t unknown_begin = 0, unknown_size = 0;
    auto const close_unknown = [&] {
      if (unknown_size != 0)
        append_symbol(symbols, unknown_begin, unknown_size, static_cast<std::uint32_t>(unknown_.unknown()));
      unknown_size = 0;
    };
    for (std::uint32_t at = 0; at < word.size();) {
      std::size_t const length = byte_level_ ? 1 : std::min(character_length(word[at]), word.size() - at);
      auto const size = static_cast<std::uint32_t>(length);
      std::string_view const text = word.substr(at, length);
      std::int32_t const id = first_id(text);
      if (id >= 0) {
        close_unknown();
        append_symbol(symbols, at, size, static_cast<std::uint32_t>(id));
      } else if (!byte_level_ && unknown_.falls_back(text)) {
        for (std::uint32_t i = 0; i < size; ++i) {
          append_symbol(symbols, at + i, 1, static_cast<std::uint32_t>(unknown_.byte_id(text[i])));
        }
      } else if (unknown_.unknown() >= 0) {
        if (!fuse_) close_unknown();
        if (unknown_size == 0) unknown_begin = at;
        unknown_size += size;
      }
      at += size;
    }
    close_unknown();
  }

  [[nodiscard]] std::int32_t first_id(std::string_view text) const {
    if (byte_level_) return unknown_.byte_id(text.front());
    auto const id = pieces_.find(text);
    return id ? static_cast<std::int32_t>(*id) : -1;
  }

  piece_table const& pieces_;
  merge_table merges_;
  unknown_text unknown_;
  bool byte_level_, fuse_, whole_first_;
};

}  // namespace

std::unique_ptr<word_model> make_ranked_merges(blob_reader const& blob, piece_table const& pieces) {
  return std::make_unique<ranked_merges>(blob, pieces);
}

}  // namespace constformer::text
