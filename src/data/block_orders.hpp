#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "constformer/train/torch_generator.hpp"
#include "data/position.hpp"
#include "data/token_stream.hpp"

namespace constformer::data {

/// Sequences of a batch, and tokens of each.
struct batch_shape {
  int sequences, length;
};

/// Says where in a stream the blocks of the next batch begin.
class block_starts {
 public:
  virtual ~block_starts() = default;
  block_starts(block_starts const&) = delete;
  block_starts& operator=(block_starts const&) = delete;

  [[nodiscard]] virtual char const* name() const = 0;
  virtual void draw(std::span<std::int64_t> starts) = 0;
  virtual void restart() = 0;
  virtual void save(position& to) const = 0;
  virtual void resume(position const& from) = 0;
  [[nodiscard]] virtual std::int64_t epoch() const = 0;
  [[nodiscard]] virtual std::int64_t batches_per_epoch() const = 0;

 protected:
  block_starts() = default;
};

/// nanoGPT's get_batch: `torch.randint(len − length, (sequences,))`.
std::unique_ptr<block_starts> random_starts(token_stream const& stream, batch_shape shape, torch_generator& random);

/// llm.c's DataLoader of one process: batches of each file one after the other, or, where they are shuffled, files and
/// the batches of each in the order that its generator gives (seed 42 there).
std::unique_ptr<block_starts> llmc_starts(token_stream const& stream, batch_shape shape);
std::unique_ptr<block_starts> llmc_starts(token_stream const& stream, batch_shape shape, std::uint32_t seed);

/// llama2.c's PretokDataset of one worker: files and the blocks of each shuffled by Python's generator (seed 42 there).
std::unique_ptr<block_starts> llama2c_starts(token_stream const& stream, batch_shape shape, std::uint32_t seed);

}  // namespace constformer::data
