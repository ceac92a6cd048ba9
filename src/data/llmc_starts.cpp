#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/train/mersenne_twister.hpp"
#include "data/block_orders.hpp"

namespace constformer::data {

namespace {

// From the top, as llm.c's random_permutation; not as Python's shuffle.
void permute(std::vector<std::int64_t>& values, mersenne_twister& random) {
  for (std::size_t i = values.size(); i-- > 1;) std::swap(values[i], values[random.next() % (i + 1)]);
}

std::vector<std::int64_t> counted(std::size_t n) {
  std::vector<std::int64_t> out(n, 0);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

class llmc_blocks final : public block_starts {
 public:
  llmc_blocks(token_stream const& stream, batch_shape shape, std::optional<std::uint32_t> seed)
      : stream_(stream), length_(shape.length), tokens_(std::int64_t{shape.sequences} * shape.length), seed_(seed) {
    for (token_range const& range : stream.ranges()) {
      if (range.size <= tokens_)
        throw error(range.name() + " has " + std::to_string(range.size) + " tokens, a batch of " +
                    std::to_string(shape.sequences) + " × " + std::to_string(shape.length) +
                    " and its last target need " + std::to_string(tokens_ + 1));
      batches_.push_back((range.size - 1) / tokens_);
    }
    restart();
  }

  [[nodiscard]] char const* name() const override { return seed_ ? "shuffled blocks" : "blocks in order"; }

  void draw(std::span<std::int64_t> starts) override {
    if (batch_ == batches_[file()]) next_file();
    std::int64_t const which = seed_ ? order_[static_cast<std::size_t>(batch_)] : batch_;
    std::int64_t at = stream_.begin(file()) + which * tokens_;
    for (std::int64_t& start : starts) start = std::exchange(at, at + length_);
    ++batch_;
  }

  void restart() override {
    epoch_ = 0;
    files_ = counted(batches_.size());
    if (seed_) random_ = mersenne_twister(*seed_);
    begin_epoch();
  }

  void save(position& to) const override {
    to.set("epoch", epoch_);
    to.set("file", static_cast<std::int64_t>(place_));
    to.set("batch", batch_);
  }

  // What was drawn until then is drawn again.
  void resume(position const& from) override {
    auto const epoch = from.number("epoch", most_epochs);
    auto const place = from.number("file", static_cast<std::int64_t>(batches_.size()) - 1);
    restart();
    while (epoch_ < epoch || place_ < static_cast<std::size_t>(place)) next_file();
    batch_ = from.number("batch", batches_[file()]);
  }

  [[nodiscard]] std::int64_t epoch() const override { return epoch_; }
  [[nodiscard]] std::int64_t batches_per_epoch() const override {
    return std::accumulate(batches_.begin(), batches_.end(), std::int64_t{0});
  }

 private:
  [[nodiscard]] std::size_t file() const { return static_cast<std::size_t>(files_[place_]); }

  void next_file() {
    if (place_ + 1 == batches_.size()) {
      ++epoch_;
      begin_epoch();
    } else {
      ++place_;
      begin_file();
    }
  }
  void begin_epoch() {
    place_ = 0;
    if (seed_) permute(files_, random_);  // what the epoch before left, not from the beginning
    begin_file();
  }
  void begin_file() {
    batch_ = 0;
    if (!seed_) return;
    order_ = counted(static_cast<std::size_t>(batches_[file()]));
    permute(order_, random_);
  }

  token_stream const& stream_;
  std::int64_t length_, tokens_;
  std::optional<std::uint32_t> seed_;
  mersenne_twister random_{0U};
  std::vector<std::int64_t> batches_;  // of each file
  std::vector<std::int64_t> files_;    // in the order of this epoch
  std::vector<std::int64_t> order_;    // of batches in the file
  std::int64_t epoch_ = 0, batch_ = 0;
  std::size_t place_ = 0;
};

}  // namespace

std::unique_ptr<block_starts> llmc_starts(token_stream const& stream, batch_shape shape) {
  return std::make_unique<llmc_blocks>(stream, shape, std::nullopt);
}
std::unique_ptr<block_starts> llmc_starts(token_stream const& stream, batch_shape shape, std::uint32_t seed) {
  return std::make_unique<llmc_blocks>(stream, shape, seed);
}

}  // namespace constformer::data
