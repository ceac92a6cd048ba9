#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/data/python_random.hpp"
#include "data/block_orders.hpp"

namespace constformer::data {

namespace {

class llama2c_blocks final : public block_starts {
 public:
  llama2c_blocks(token_stream const& stream, batch_shape shape, std::uint32_t seed)
      : stream_(stream), shape_(shape), seed_(seed), random_(seed) {
    for (token_range const& range : stream.ranges()) {
      std::int64_t const count = range.size / shape.length - 1;  // the last is not whole
      if (count <= 0)
        throw error(range.name() + " has " + std::to_string(range.size) + " tokens, llama2.c's order needs " +
                    std::to_string(2 * shape.length) + " for blocks of " + std::to_string(shape.length));
      blocks_.push_back(static_cast<std::uint32_t>(count));
    }
    restart();
  }

  [[nodiscard]] char const* name() const override { return "blocks as llama2.c's"; }

  void draw(std::span<std::int64_t> starts) override {
    for (std::int64_t& start : starts) {
      if (next_ == order_.size()) next_file();
      start = stream_.begin(file()) + std::int64_t{order_[next_++]} * shape_.length;
    }
  }

  void restart() override {
    epoch_ = 0;
    random_ = python_random(seed_);
    files_.resize(blocks_.size());
    std::iota(files_.begin(), files_.end(), std::size_t{0});
    begin_epoch();
  }

  void save(position& to) const override {
    to.set("epoch", epoch_);
    to.set("file", static_cast<std::int64_t>(place_));
    to.set("block", static_cast<std::int64_t>(next_));
  }

  // What was drawn until then is drawn again.
  void resume(position const& from) override {
    auto const epoch = from.number("epoch", most_epochs);
    auto const place = static_cast<std::size_t>(from.number("file", static_cast<std::int64_t>(files_.size()) - 1));
    restart();
    while (epoch_ < epoch || place_ < place) next_file();
    next_ = static_cast<std::size_t>(from.number("block", static_cast<std::int64_t>(order_.size())));
  }

  [[nodiscard]] std::int64_t epoch() const override { return epoch_; }
  [[nodiscard]] std::int64_t batches_per_epoch() const override {
    return std::accumulate(blocks_.begin(), blocks_.end(), std::int64_t{0}) / shape_.sequences;
  }

 private:
  [[nodiscard]] std::size_t file() const { return files_[place_]; }

  void next_file() {
    if (++place_ < files_.size()) return begin_file();
    ++epoch_;
    begin_epoch();
  }
  void begin_epoch() {
    place_ = 0;
    random_.shuffle(std::span(files_));
    begin_file();
  }
  void begin_file() {
    next_ = 0;
    order_.resize(blocks_[file()]);
    std::iota(order_.begin(), order_.end(), 0U);
    random_.shuffle(std::span(order_));
  }

  token_stream const& stream_;
  batch_shape shape_;
  std::uint32_t seed_;
  python_random random_;
  std::vector<std::uint32_t> blocks_;  // of each file
  std::vector<std::size_t> files_;     // in the order of this epoch
  std::vector<std::uint32_t> order_;   // of blocks in the file
  std::int64_t epoch_ = 0;
  std::size_t place_ = 0, next_ = 0;
};

}  // namespace

std::unique_ptr<block_starts> llama2c_starts(token_stream const& stream, batch_shape shape, std::uint32_t seed) {
  return std::make_unique<llama2c_blocks>(stream, shape, seed);
}

}  // namespace constformer::data
