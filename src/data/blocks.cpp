#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "data/block_orders.hpp"
#include "data/sources.hpp"

namespace constformer::data {

namespace {

std::unique_ptr<block_starts> make_starts(token_stream const& stream, data_options const& options,
                                          torch_generator* random) {
  batch_shape const shape{options.sequences, options.length};
  std::uint32_t const seed = seed_of(options);
  switch (options.order) {
    case block_order::random:
      if (random == nullptr) throw error("random blocks need a generator to be drawn from");
      return random_starts(stream, shape, *random);
    case block_order::in_order: return llmc_starts(stream, shape);
    case block_order::shuffled: return llmc_starts(stream, shape, seed);
    case block_order::llama2c: return llama2c_starts(stream, shape, seed);
  }
  throw error("block_order " + std::to_string(static_cast<int>(options.order)) + " is none");
}

class block_batches final : public batch_source {
 public:
  block_batches(std::vector<token_range> ranges, data_options const& options, torch_generator* random)
      : stream_(std::move(ranges), options.vocab),
        starts_(make_starts(stream_, options, random)),
        begins_(static_cast<std::size_t>(options.sequences), 0),
        block_(static_cast<std::size_t>(options.length) + 1, 0) {}

  ragged_batch const& next() override {
    starts_->draw(begins_);
    batch_.clear();
    for (std::int64_t const begin : begins_) {
      stream_.read(begin, block_);
      std::span<std::int32_t const> const block(block_);
      batch_.add({.tokens = block.first(block.size() - 1), .targets = block.subspan(1)});
    }
    return batch_;
  }

  [[nodiscard]] std::string position() const override {
    data::position out(starts_->name());
    starts_->save(out);
    return out.text();
  }
  void resume(std::string_view from) override { starts_->resume(data::position(from, starts_->name())); }
  void restart() override { starts_->restart(); }
  [[nodiscard]] std::int64_t epoch() const override { return starts_->epoch(); }
  [[nodiscard]] std::int64_t batches_per_epoch() const override { return starts_->batches_per_epoch(); }

 private:
  token_stream stream_;
  std::unique_ptr<block_starts> starts_;
  ragged_batch batch_;
  std::vector<std::int64_t> begins_;  // of a batch
  std::vector<std::int32_t> block_;
};

}  // namespace

std::unique_ptr<batch_source> open_blocks(std::vector<token_range> ranges, data_options const& options,
                                          torch_generator* random) {
  return std::make_unique<block_batches>(std::move(ranges), options, random);
}

}  // namespace constformer::data
