#include "text/model.hpp"
#include "text/trie.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// The longest piece that fits, again and again; a word that cannot be finished is unknown as a whole.
class wordpiece final : public word_model {
 public:
  wordpiece(blob_reader const& blob, piece_table const&)
      : first_(blob.bytes(section::pieces_trie)),
        further_(blob.bytes(section::continuing_trie)),
        unknown_(blob.facts().unk),
        longest_(blob.facts().longest_word) {
    if (unknown_ < 0) throw_damaged("the unknown token");
  }

  void segment(std::string_view word, workspace&, std::vector<int>& out) const override {
    std::size_t const before = out.size();
    bool known = characters(word) <= longest_;
    for (bool begins = true; known && !word.empty(); begins = false) {
      auto const found = (begins ? first_ : further_).longest(word);
      known = found.size != 0;
      if (!known) break;
      out.push_back(static_cast<int>(found.value));
      word.remove_prefix(found.size);
    }
    if (known) return;
    out.resize(before);
    out.push_back(unknown_);
  }

 private:
  static std::int64_t characters(std::string_view word) {
    std::int64_t count = 0;
    for (char const c : word) count += is_continuation(c) ? 0 : 1;
    return count;
  }

  trie first_, further_;
  std::int32_t unknown_;
  std::int64_t longest_;
};

}  // namespace

std::unique_ptr<word_model> make_wordpiece(blob_reader const& blob, piece_table const& pieces) {
  return std::make_unique<wordpiece>(blob, pieces);
}

}  // namespace constformer::text
