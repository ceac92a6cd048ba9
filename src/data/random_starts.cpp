#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "constformer/core/error.hpp"
#include "data/block_orders.hpp"

namespace constformer::data {

namespace {

class random_blocks final : public block_starts {
 public:
  random_blocks(token_stream const& stream, batch_shape shape, torch_generator& random)
      : choices_(stream.size() - shape.length), random_(random) {
    if (choices_ <= 0)
      throw error(stream.name() + " has " + std::to_string(stream.size()) + " tokens, a block of " +
                  std::to_string(shape.length) + " and its targets need " + std::to_string(shape.length + 1));
  }

  [[nodiscard]] char const* name() const override { return "random blocks"; }
  void draw(std::span<std::int64_t> starts) override {
    for (std::int64_t& start : starts) start = random_.integer(0, choices_);
  }
  void restart() override {}
  void save(position&) const override {}
  void resume(position const&) override {}
  [[nodiscard]] std::int64_t epoch() const override { return 0; }
  [[nodiscard]] std::int64_t batches_per_epoch() const override { return 0; }

 private:
  std::int64_t choices_;
  torch_generator& random_;
};

}  // namespace

std::unique_ptr<block_starts> random_starts(token_stream const& stream, batch_shape shape, torch_generator& random) {
  return std::make_unique<random_blocks>(stream, shape, random);
}

}  // namespace constformer::data
