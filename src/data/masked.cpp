#include "data/masked.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/python_random.hpp"
#include "constformer/data/token_file.hpp"
#include "data/little_endian.hpp"
#include "data/masked_pairs.hpp"
#include "data/position.hpp"
#include "data/sources.hpp"
#include "data/text_tokens.hpp"

namespace constformer::data {

namespace fs = std::filesystem;

namespace {

std::string_view stripped(std::string_view line) {
  auto const begin = line.find_first_not_of(" \t\r\n\f\v");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r\n\f\v") + 1 - begin);
}

// Sentences in a mapped file of tokens; only their places are in memory.
class sentence_file final : public sentence_list {
 public:
  sentence_file(line_range const& lines, tokenizer const& text, fs::path path) : path_(std::move(path)) {
    token_file_writer out(path_, text.vocab_size() <= 0x10000 ? token_format::llmc16 : token_format::llmc32);
    for (std::size_t i = lines.first; i < lines.first + lines.size; ++i) {
      std::string_view const line = stripped((*lines.lines)[i]);
      if (line.empty()) begin_document();
      auto const ids = line.empty() ? std::vector<int>{} : encode_plain(text, line, lines.lines->where(i));
      out.write(ids);
      if (!ids.empty()) ends_.push_back(out.size());
    }
    begin_document();
    if (ends_.empty()) throw error(lines.lines->name() + ": " + std::to_string(lines.size) + " lines hold no sentence");
    out.commit();
    tokens_.emplace(path_);
  }
  ~sentence_file() override {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }

  [[nodiscard]] std::size_t documents() const override { return documents_.size() - 1; }
  [[nodiscard]] std::size_t sentences(std::size_t d) const override { return documents_[d + 1] - documents_[d]; }
  [[nodiscard]] std::size_t length(std::size_t d, std::size_t s) const override {
    std::size_t const i = documents_[d] + s;
    return static_cast<std::size_t>(ends_[i] - begin_of(i));
  }
  void append(std::size_t d, std::size_t s, std::vector<std::int32_t>& to) const override {
    std::size_t const count = length(d, s);
    to.resize(to.size() + count);
    tokens_->read(begin_of(documents_[d] + s), std::span(to).last(count));
  }

 private:
  // Empty documents are none.
  void begin_document() {
    if (documents_.back() < ends_.size()) documents_.push_back(ends_.size());
  }
  [[nodiscard]] std::int64_t begin_of(std::size_t i) const { return i == 0 ? 0 : ends_[i - 1]; }

  fs::path path_;
  std::optional<token_file> tokens_;
  std::vector<std::int64_t> ends_;          // of sentences, in tokens
  std::vector<std::size_t> documents_{0U};  // where each begins, in sentences, and where the last ends
};

int token_of(std::optional<int> id, char const* role, tokenizer const& text) {
  if (id) return *id;
  throw error("none of the " + std::to_string(text.vocab_size()) + " tokens of the vocabulary is " + role +
              ", which masked pairs need");
}

masking masking_of(data_options const& options, tokenizer const& text) {
  if (options.length < 5)
    throw error("options of data: length is " + std::to_string(options.length) + ", masked pairs need at least 5");
  auto const& special = text.special();
  return {.length = options.length,
          .pairs = options.next_sentence,
          .duplicates = options.duplicates,
          .short_share = options.short_probability,
          .mask_share = options.mask_probability,
          .most_masks = options.masks_per_sequence,
          .cls = token_of(special.cls, "[CLS]", text),
          .sep = token_of(special.sep, "[SEP]", text),
          .mask = token_of(special.mask, "[MASK]", text),
          .vocab = text.vocab_size()};
}

// A record of a pair: tokens, tokens of segment 0, whether the second text is random; then ids and targets, each
// filled up to the length. Behind all records: their order.
constexpr std::size_t head = 3;
std::size_t words_of(int length) { return head + 2 * static_cast<std::size_t>(length); }

class pair_writer {
 public:
  pair_writer(fs::path const& path, int length) : file_(path), words_(words_of(length), 0) {}

  void write(masked_pair const& pair) {
    std::size_t const length = (words_.size() - head) / 2;
    std::ranges::fill(words_, 0U);
    words_[0] = static_cast<std::uint32_t>(pair.ids.size());
    words_[1] = static_cast<std::uint32_t>(pair.first);
    words_[2] = pair.is_random ? 1U : 0U;
    for (std::size_t i = 0; i < pair.ids.size(); ++i) {
      words_[head + i] = static_cast<std::uint32_t>(pair.ids[i]);
      words_[head + length + i] = static_cast<std::uint32_t>(pair.targets[i]);
    }
    put(words_);
    ++count_;
  }

  // As BERT's script shuffles what it made.
  void finish(python_random& random) {
    std::vector<std::uint32_t> order(count_, 0);
    std::iota(order.begin(), order.end(), 0U);
    random.shuffle(std::span(order));
    put(order);
    file_.commit();
  }

 private:
  void put(std::vector<std::uint32_t> const& words) {
    bytes_.resize(4 * words.size());
    for (std::size_t i = 0; i < words.size(); ++i) store(bytes_.data() + 4 * i, words[i]);
    file_.write(bytes_);
  }

  atomic_file file_;
  std::vector<std::uint32_t> words_;
  std::vector<std::byte> bytes_;
  std::size_t count_ = 0;
};

std::uint64_t fingerprint_of(line_range const& lines, tokenizer const& text, masking const& how, std::uint32_t seed) {
  std::uint64_t hash = fingerprint(text);
  for (std::size_t i = lines.first; i < lines.first + lines.size; ++i) hash = mixed(hash, (*lines.lines)[i]);
  std::string const told = std::to_string(how.length) + " " + std::to_string(how.duplicates) + " " +
                           std::to_string(how.short_share) + " " + std::to_string(how.mask_share) + " " +
                           std::to_string(how.most_masks) + " " + std::to_string(seed) + (how.pairs ? "" : " texts");
  return mixed(hash, told);
}

// The file of the masked pairs, made where it is not yet.
fs::path make_pairs(line_range const& lines, tokenizer const& text, data_options const& options) {
  masking const how = masking_of(options, text);
  std::uint32_t const seed = seed_of(options, 12345);
  fs::path const cache = make_cache(options.cache);
  std::uint64_t const number = fingerprint_of(lines, text, how, seed);
  fs::path const path = name_in(cache, "masked", number);
  if (fs::exists(path)) return path;
  sentence_file const sentences(lines, text,
                                name_in(cache, "sentences", number ^ static_cast<std::uint64_t>(::getpid())));
  python_random random(seed);
  pair_writer out(path, how.length);
  make_masked_pairs(sentences, how, random, [&](masked_pair const& pair) { out.write(pair); });
  out.finish(random);
  return path;
}

class masked_batches final : public batch_source {
 public:
  masked_batches(fs::path const& path, data_options const& options)
      : file_(path),
        words_(words_of(options.length)),
        size_(file_.bytes().size() / (4 * (words_ + 1))),
        sequences_(options.sequences) {
    if (file_.bytes().size() != size_ * 4 * (words_ + 1))
      throw error(path.string() + " has " + std::to_string(file_.bytes().size()) + " bytes, " +
                  std::to_string(size_ * 4 * (words_ + 1)) + " are expected");
  }

  ragged_batch const& next() override {
    columns_.clear();
    for (int row = 0; row < sequences_; ++row) {
      add(word(size_ * words_ + next_));
      if (++next_ < size_) continue;
      next_ = 0;
      ++epoch_;
    }
    return columns_;
  }

  [[nodiscard]] std::string position() const override {
    data::position out(name);
    out.set("epoch", epoch_);
    out.set("next", static_cast<std::int64_t>(next_));
    return out.text();
  }
  void resume(std::string_view from) override {
    data::position const at(from, name);
    epoch_ = at.number("epoch", most_epochs);
    next_ = static_cast<std::size_t>(at.number("next", static_cast<std::int64_t>(size_) - 1));
  }
  void restart() override {
    epoch_ = 0;
    next_ = 0;
  }
  [[nodiscard]] std::int64_t epoch() const override { return epoch_; }
  [[nodiscard]] std::int64_t batches_per_epoch() const override {
    return static_cast<std::int64_t>(size_) / sequences_;
  }

 private:
  static constexpr std::string_view name = "masked pairs";

  [[nodiscard]] std::uint32_t word(std::size_t i) const { return load<std::uint32_t>(file_.bytes().data() + 4 * i); }

  void add(std::size_t number) {
    std::size_t const length = (words_ - head) / 2, from = number * words_;
    auto const filled = static_cast<std::size_t>(word(from)), first = static_cast<std::size_t>(word(from + 1));
    if (number >= size_ || filled > length || first > filled)
      throw error(file_.path().string() + ": record " + std::to_string(number) + " of " + std::to_string(size_) +
                  " is damaged; remove the file");
    tokens_.resize(filled);
    targets_.resize(filled);
    segments_.assign(filled, 0);
    std::fill(segments_.begin() + static_cast<std::ptrdiff_t>(first), segments_.end(), 1);
    for (std::size_t i = 0; i < filled; ++i) {
      tokens_[i] = static_cast<std::int32_t>(word(from + head + i));
      targets_[i] = static_cast<std::int32_t>(word(from + head + length + i));
    }
    columns_.add(
        {.tokens = tokens_, .targets = targets_, .segments = segments_, .label = static_cast<int>(word(from + 2))});
  }

  mapped_file file_;
  std::size_t words_, size_;
  int sequences_;
  ragged_batch columns_;
  std::vector<std::int32_t> tokens_, targets_, segments_;  // of a sequence
  std::int64_t epoch_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<batch_source> open_masked(line_range lines, tokenizer const& text, data_options const& options) {
  return std::make_unique<masked_batches>(make_pairs(lines, text, options), options);
}

split_lines split_documents(std::shared_ptr<mapped_lines const> lines, double share) {
  std::vector<std::size_t> begins;  // of documents
  bool inside = false;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    bool const blank = stripped((*lines)[i]).empty();
    if (!blank && !inside) begins.push_back(i);
    inside = !blank;
  }
  auto const kept = static_cast<std::size_t>(static_cast<double>(begins.size()) * (1.0 - share));
  if (kept == 0 || (share > 0.0 && kept == begins.size()))
    throw error(lines->name() + ": " + std::to_string(begins.size()) + " documents leave nothing to " +
                (kept == 0 ? "train on" : "validate by") + " at a share of " + std::to_string(share));
  std::size_t const cut = kept == begins.size() ? lines->size() : begins[kept];
  return {{lines, 0, cut}, {lines, cut, lines->size() - cut}};
}

}  // namespace constformer::data
