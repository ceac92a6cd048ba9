#include "data/pairs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/data/python_random.hpp"
#include "data/pair_text.hpp"
#include "data/position.hpp"
#include "data/sources.hpp"

namespace constformer::data {

namespace {

struct pair_ids {
  std::vector<int> source, target;  // a target ends with the vocabulary's end
};

// Pairs of text, encoded when they are asked for.
class pair_reader {
 public:
  pair_reader(pair_lines lines, tokenizer const& text) : lines_(std::move(lines)), text_(text) {}

  [[nodiscard]] std::size_t size() const { return lines_.sources.size; }
  [[nodiscard]] std::string name() const { return lines_.sources.lines->name(); }

  [[nodiscard]] pair_ids read(std::size_t i) const {
    try {
      return encoded(i);
    } catch (error const& problem) {
      throw error(lines_.sources.lines->where(lines_.sources.first + i) + ": " + problem.what());
    }
  }

 private:
  [[nodiscard]] pair_ids encoded(std::size_t i) const {
    text_pair const pair = read_pair(lines_, i);
    pair_ids out{text_.encode(pair.source, {.parse_special = false}),
                 text_.target().encode(pair.target, {.add_special = false, .parse_special = false})};
    if (auto const end = text_.target().special().eos) out.target.push_back(*end);
    return out;
  }

  pair_lines lines_;
  tokenizer const& text_;
};

int start_of(tokenizer const& text, int asked) {
  if (asked >= 0) return asked;
  auto const& special = text.target().special();
  if (special.bos) return *special.bos;
  if (special.pad) return *special.pad;
  throw error("none of the " + std::to_string(text.target().vocab_size()) +
              " tokens of the vocabulary begins a target; name one");
}

class pair_batches final : public batch_source {
 public:
  pair_batches(pair_lines lines, tokenizer const& text, data_options const& options)
      : reader_(std::move(lines), text),
        sequences_(static_cast<std::size_t>(options.sequences)),
        seed_(seed_of(options)),
        start_(start_of(text, options.decoder_start)),
        random_(seed_) {
    measure(static_cast<std::size_t>(options.source_length > 0 ? options.source_length : options.length),
            static_cast<std::size_t>(options.length));
    restart();
  }

  ragged_batch const& next() override {
    if (batch_ == batches()) {
      ++epoch_;
      begin_epoch();
    }
    std::size_t const first = batch_++ * sequences_;
    columns_.clear();
    for (std::size_t i = first; i < std::min(first + sequences_, order_.size()); ++i) add(reader_.read(order_[i]));
    return columns_;
  }

  [[nodiscard]] std::string position() const override {
    data::position out(name);
    out.set("epoch", epoch_);
    out.set("batch", static_cast<std::int64_t>(batch_));
    return out.text();
  }
  // What was drawn until then is drawn again.
  void resume(std::string_view from) override {
    data::position const at(from, name);
    auto const epoch = at.number("epoch", most_epochs);
    auto const batch = at.number("batch", static_cast<std::int64_t>(batches()));
    restart();
    while (epoch_ < epoch) {
      ++epoch_;
      begin_epoch();
    }
    batch_ = static_cast<std::size_t>(batch);
  }
  void restart() override {
    epoch_ = 0;
    random_ = python_random(seed_);
    begin_epoch();
  }
  [[nodiscard]] std::int64_t epoch() const override { return epoch_; }
  [[nodiscard]] std::int64_t batches_per_epoch() const override { return static_cast<std::int64_t>(batches()); }

 private:
  static constexpr std::string_view name = "pairs";
  static constexpr std::size_t pool = 100;  // batches that are sorted together, as the lecture's iterator has it
  struct measured {
    std::uint32_t number, source, target;  // lengths
  };

  [[nodiscard]] std::size_t batches() const { return (kept_.size() + sequences_ - 1) / sequences_; }

  void measure(std::size_t most_source, std::size_t most_target) {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < reader_.size(); ++i) {
      pair_ids const pair = reader_.read(i);
      longest = std::max({longest, pair.source.size(), pair.target.size()});
      if (pair.source.empty() || pair.target.empty()) continue;
      if (pair.source.size() > most_source || pair.target.size() > most_target) continue;
      kept_.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(pair.source.size()),
                       static_cast<std::uint32_t>(pair.target.size())});
    }
    if (kept_.empty())
      throw error(reader_.name() + ": none of " + std::to_string(reader_.size()) + " pairs has at most " +
                  std::to_string(most_source) + " and " + std::to_string(most_target) +
                  " tokens; the longest side has " + std::to_string(longest));
  }

  // Pools of batches from all over the data, each sorted by length; then batches of a pool in any order.
  void begin_epoch() {
    std::vector<measured> all = kept_;
    random_.shuffle(std::span(all));
    order_.clear();
    for (std::size_t at = 0; at < all.size(); at += pool * sequences_)
      add_pool(std::span(all).subspan(at, std::min(pool * sequences_, all.size() - at)));
    batch_ = 0;
  }

  void add_pool(std::span<measured> pairs) {
    std::ranges::sort(pairs, {}, [](measured const& m) { return std::tuple(m.source, m.target, m.number); });
    std::size_t const whole = pairs.size() / sequences_;
    std::vector<std::size_t> batches(whole, 0);
    std::iota(batches.begin(), batches.end(), std::size_t{0});
    random_.shuffle(std::span(batches));
    if (whole * sequences_ < pairs.size()) batches.push_back(whole);  // the last of an epoch is not whole
    for (std::size_t const b : batches)
      for (std::size_t i = b * sequences_; i < std::min((b + 1) * sequences_, pairs.size()); ++i)
        order_.push_back(pairs[i].number);
  }

  void add(pair_ids const& pair) {
    begun_.assign(1, start_);
    begun_.insert(begun_.end(), pair.target.begin(), pair.target.end() - 1);
    columns_.add({.tokens = begun_, .targets = pair.target, .source = pair.source});
  }

  pair_reader reader_;
  std::size_t sequences_;
  std::uint32_t seed_;
  int start_;
  python_random random_;
  std::vector<measured> kept_;
  std::vector<std::uint32_t> order_;  // of pairs in this epoch
  ragged_batch columns_;
  std::vector<std::int32_t> begun_;  // a target behind its start, without its end
  std::int64_t epoch_ = 0;
  std::size_t batch_ = 0;
};

}  // namespace

std::unique_ptr<batch_source> open_pairs(pair_lines lines, tokenizer const& text, data_options const& options) {
  return std::make_unique<pair_batches>(std::move(lines), text, options);
}

}  // namespace constformer::data
