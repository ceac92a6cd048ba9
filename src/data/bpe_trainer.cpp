#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/data/tokenizer_training.hpp"
#include "text/byte_alphabet.hpp"
#include "text/hashing.hpp"
#include "text/regex.hpp"
#include "text/sources/onig_pattern.hpp"

namespace constformer {

namespace {

constexpr int bytes = 256;

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using word_counts = std::unordered_map<std::string, std::int64_t, text_hash, std::equal_to<>>;

// Two neighbours; compared by the first, then by the second.
using pair_key = std::uint64_t;
pair_key key_of(int left, int right) {
  return pair_key{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}
int left_of(pair_key key) { return static_cast<int>(key >> 32); }
int right_of(pair_key key) { return static_cast<int>(key & 0xFFFFFFFFU); }

struct pair_hash {
  std::size_t operator()(pair_key key) const {
    return text::hash_of(static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(key));
  }
};

// A pair that may be merged next, and the words in which it stood when its count was taken.
struct candidate {
  std::int64_t count;
  pair_key pair;
  std::vector<std::uint32_t> words;

  bool operator<(candidate const& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

// Merges over words whose counts change as they go: a queue of candidates, of which those whose count has changed since
// go back into it.
class merger {
 public:
  merger(std::vector<std::vector<int>> words, std::vector<std::int64_t> counts)
      : words_(std::move(words)), counts_(std::move(counts)) {
    for (std::size_t w = 0; w < words_.size(); ++w)
      for (std::size_t i = 0; i + 1 < words_[w].size(); ++i)
        change(key_of(words_[w][i], words_[w][i + 1]), 1, static_cast<std::uint32_t>(w));
    queue_changed();
  }

  // The most frequent pair that is left.
  std::optional<candidate> next() {
    while (!queue_.empty()) {
      candidate top = std::move(const_cast<candidate&>(queue_.top()));  // popped at once; its order is not looked at
      queue_.pop();
      std::int64_t const now = pairs_.at(top.pair);
      if (now < 1) continue;
      if (top.count == now) return top;
      top.count = now;
      queue_.push(std::move(top));
    }
    return std::nullopt;
  }

  void merge(candidate const& which, int id) {
    for (std::uint32_t const w : which.words) merge_in(w, left_of(which.pair), right_of(which.pair), id);
    queue_changed();
  }

 private:
  // From left to right; what was merged is no neighbour that could be merged again.
  void merge_in(std::uint32_t w, int left, int right, int id) {
    std::vector<int>& word = words_[w];
    std::size_t out = 0;
    for (std::size_t i = 0; i < word.size(); ++i, ++out) {
      bool const here = word[i] == left && i + 1 < word.size() && word[i + 1] == right;
      if (!here) {
        word[out] = word[i];
        continue;
      }
      if (out > 0) {
        change(key_of(word[out - 1], left), -1, w);
        change(key_of(word[out - 1], id), 1, w);
      }
      if (i + 2 < word.size()) {
        change(key_of(right, word[i + 2]), -1, w);
        change(key_of(id, word[i + 2]), 1, w);
      }
      word[out] = id;
      ++i;
    }
    word.resize(out);
  }

  void change(pair_key pair, int by, std::uint32_t word) {
    pairs_[pair] += by * counts_[word];
    if (by < 0) return;
    auto& where = changed_[pair];
    if (where.empty() || where.back() != word) where.push_back(word);
  }

  void queue_changed() {
    for (auto& [pair, where] : changed_)
      if (std::int64_t const count = pairs_.at(pair); count > 0) queue_.push({count, pair, std::move(where)});
    changed_.clear();
  }

  std::vector<std::vector<int>> words_;
  std::vector<std::int64_t> counts_;
  std::unordered_map<pair_key, std::int64_t, pair_hash> pairs_;
  std::unordered_map<pair_key, std::vector<std::uint32_t>, pair_hash> changed_;  // new ones, and in which words
  std::priority_queue<candidate> queue_;
};

// The bytes in the order of their ids.
std::vector<std::string> byte_tokens(id_order order) {
  std::vector<std::string> out;
  for (int b = 0; b < bytes; ++b) out.emplace_back(1, static_cast<char>(b));
  if (order == id_order::hugging_face)
    std::ranges::sort(out, {},
                      [](std::string const& b) { return text::alphabet_of_byte(static_cast<unsigned char>(b[0])); });
  return out;
}

merger merger_of(word_counts const& counted, std::vector<std::string> const& tokens, std::size_t first_byte) {
  std::array<int, bytes> ids{};
  for (std::size_t i = first_byte; i < tokens.size(); ++i)
    ids[static_cast<unsigned char>(tokens[i][0])] = static_cast<int>(i);
  std::vector<std::vector<int>> words;
  std::vector<std::int64_t> counts;
  for (auto const& [word, count] : counted) {
    auto& spelled = words.emplace_back();
    for (char const c : word) spelled.push_back(ids[static_cast<unsigned char>(c)]);
    counts.push_back(count);
  }
  return {std::move(words), std::move(counts)};
}

std::string spelling(std::string const& token) {
  std::string out;
  text::append_alphabet(out, token);
  return out;
}

// Merges until there are so many tokens. What spells a token that is there already becomes that token, special ones
// among them, as in the tokenizers library.
void learn(trained_bpe& out, merger merges, std::size_t wanted, std::size_t first_byte) {
  std::unordered_map<std::string, int> ids;
  for (std::size_t i = 0; i < out.tokens.size(); ++i)
    ids.emplace(i < first_byte ? out.tokens[i] : spelling(out.tokens[i]), static_cast<int>(i));
  while (out.tokens.size() < wanted) {
    auto const best = merges.next();
    if (!best) break;
    int const left = left_of(best->pair), right = right_of(best->pair);
    std::string joined = out.tokens[static_cast<std::size_t>(left)] + out.tokens[static_cast<std::size_t>(right)];
    auto const [at, is_new] = ids.emplace(spelling(joined), static_cast<int>(out.tokens.size()));
    if (is_new) out.tokens.push_back(std::move(joined));
    out.merges.emplace_back(left, right);
    merges.merge(*best, at->second);
  }
}

void judge(bpe_options const& options) {
  std::size_t const least = bytes + options.special.size();
  if (options.vocab_size < 0 || static_cast<std::size_t>(options.vocab_size) < least)
    throw error("a vocabulary of " + std::to_string(options.vocab_size) + " is too small: 256 bytes and " +
                std::to_string(options.special.size()) + " special tokens need " + std::to_string(least));
  auto sorted = options.special;
  std::ranges::sort(sorted);
  if (auto const twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
    throw error("the special token " + *twice + " is named twice");
}

}  // namespace

struct bpe_trainer::words {
  words(std::string pcre, bool gaps) : source(std::move(pcre)), pattern(source), count_gaps(gaps) {
    pattern.for_each("", [](text::regex::span) {});  // compiles it
  }

  void count(std::string_view word) {
    if (word.empty()) return;
    auto at = counts.find(word);
    if (at == counts.end()) at = counts.emplace(word, 0).first;
    ++at->second;
  }

  std::string source;
  text::regex pattern;
  bool count_gaps;  // what the pattern does not match is a word, too
  word_counts counts;
};

bpe_trainer::bpe_trainer(bpe_options options) : options_(std::move(options)) {
  judge(options_);
  words_ = std::make_unique<words>(text::pcre_of_onig(split_pattern(options_.pattern), "--pattern"),
                                   options_.order == id_order::hugging_face);
}
bpe_trainer::~bpe_trainer() = default;

void bpe_trainer::add(std::string_view document) {
  std::size_t end = 0;
  words_->pattern.for_each(document, [&](text::regex::span match) {
    if (words_->count_gaps) words_->count(document.substr(end, match.begin - end));
    words_->count(document.substr(match.begin, match.end - match.begin));
    end = match.end;
  });
  if (words_->count_gaps) words_->count(document.substr(end));
}

trained_bpe bpe_trainer::train() const {
  if (words_->counts.empty()) throw error("there is no text to train a tokenizer on");
  bool const special_first = options_.order == id_order::hugging_face;
  trained_bpe out;
  if (special_first) out.tokens = options_.special;
  std::size_t const first_byte = out.tokens.size();
  std::ranges::move(byte_tokens(options_.order), std::back_inserter(out.tokens));
  std::size_t const after = special_first ? 0 : options_.special.size();
  learn(out, merger_of(words_->counts, out.tokens, first_byte), static_cast<std::size_t>(options_.vocab_size) - after,
        first_byte);
  out.first_special = special_first ? 0 : static_cast<int>(out.tokens.size());
  if (!special_first) out.tokens.insert(out.tokens.end(), options_.special.begin(), options_.special.end());
  return out;
}

}  // namespace constformer
