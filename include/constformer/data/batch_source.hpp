#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "constformer/execute/ragged_batch.hpp"

namespace constformer {

/// Batches without end: what has been gone through begins anew.
class batch_source {
 public:
  virtual ~batch_source() = default;
  batch_source(batch_source const&) = delete;
  batch_source& operator=(batch_source const&) = delete;

  /// The next batch; valid until the next call. Throws `error` with file, line or offset on data that is no good.
  virtual ragged_batch const& next() = 0;

  /// Where it stands, as a small JSON object. Numbers of a `torch_generator` that was given are not in it: who owns the
  /// generator saves its state.
  [[nodiscard]] virtual std::string position() const = 0;

  /// Goes on at a position that was taken before: the same batches follow, bit for bit. Throws `error` if it was taken
  /// from other data or options.
  virtual void resume(std::string_view position) = 0;

  /// Back to the first batch, as after opening.
  virtual void restart() = 0;

  /// Times that all data has been gone through; 0 for blocks drawn at random.
  [[nodiscard]] virtual std::int64_t epoch() const = 0;

  /// Batches until all data has been gone through once, where that is known before; else 0.
  [[nodiscard]] virtual std::int64_t batches_per_epoch() const = 0;

 protected:
  batch_source() = default;
};

}  // namespace constformer
