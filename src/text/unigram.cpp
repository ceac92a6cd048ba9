#include <algorithm>

#include "text/model.hpp"
#include "text/sentencepiece_output.hpp"
#include "text/trie.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// The most probable segmentation (Viterbi over byte positions). `Sum` is float where libsentencepiece is the original
/// and double where the tokenizers library is, because ties and near-ties depend on it. (libsentencepiece up to 0.2.0
/// adds in double and stores in float; a row of hyphens shows the difference. Sums in float, as here, are those of
/// 0.2.3.)
template <class Sum>
class unigram final : public word_model {
 public:
  unigram(blob_reader const& blob, piece_table const& pieces)
      : pieces_(pieces),
        trie_(blob.bytes(section::pieces_trie)),
        unknown_(blob),
        unknown_score_(static_cast<Sum>(blob.facts().unknown_score)),
        best_score_(static_cast<Sum>(blob.facts().best_score)) {
    if (unknown_.unknown() < 0) throw_damaged("the unknown token");
  }

  void segment(std::string_view word, workspace&, std::vector<int>& out) const override {
    std::vector<node> const best = best_paths(word);
    std::vector<std::uint32_t> ends;
    for (auto end = static_cast<std::uint32_t>(word.size()); end > 0; end = best[end].begin) ends.push_back(end);
    std::reverse(ends.begin(), ends.end());
    sentencepiece_output output(unknown_, out);
    for (std::uint32_t const end : ends) {
      node const& n = best[end];
      output.put(word.substr(n.begin, end - n.begin), n.id);
    }
  }

 private:
  static constexpr std::uint32_t unreached = 0xFFFFFFFFu;

  /// The best path that ends at a position.
  struct node {
    Sum score = 0;
    std::uint32_t begin = unreached;  ///< of its last piece
    std::uint32_t id = 0;
  };

  [[nodiscard]] std::vector<node> best_paths(std::string_view word) const {
    std::vector<node> best(word.size() + 1);
    for (std::size_t begin = 0; begin < word.size();) {
      std::size_t const character = std::min(announced_length(word[begin]), word.size() - begin);
      auto const reach = [&](std::size_t size, auto score, std::uint32_t id) {
        node& target = best[begin + size];
        auto const candidate = score + best[begin].score;
        if (target.begin != unreached && !(candidate > target.score)) return;
        target = {static_cast<Sum>(candidate), static_cast<std::uint32_t>(begin), id};
      };
      bool single = false;
      std::uint32_t place = trie::root;
      for (std::size_t at = begin; at < word.size() && !trie_.empty(); ++at) {
        place = trie_.child(place, word[at]);
        if (place == trie::nowhere) break;
        auto const id = trie_.value(place);
        if (!id) continue;
        std::size_t const size = at + 1 - begin;
        reach(size, static_cast<Sum>(score_of(*id, size)), *id);
        single = single || size == character;
      }
      if (!single) reach(character, unknown_score_, static_cast<std::uint32_t>(unknown_.unknown()));
      begin += character;
    }
    return best;
  }

  /// A user-defined symbol gets a score that always wins.
  [[nodiscard]] double score_of(std::uint32_t id, std::size_t size) const {
    if (pieces_.kind(id) == piece_kind::user_defined)
      return static_cast<double>(static_cast<Sum>(size) * best_score_) - 0.1;
    return pieces_.score(id);
  }

  piece_table const& pieces_;
  trie trie_;
  unknown_text unknown_;
  Sum unknown_score_, best_score_;
};

}  // namespace

std::unique_ptr<word_model> make_unigram(blob_reader const& blob, piece_table const& pieces) {
  if (blob.has(flag_single_precision)) return std::make_unique<unigram<float>>(blob, pieces);
  return std::make_unique<unigram<double>>(blob, pieces);
}

}  // namespace constformer::text
