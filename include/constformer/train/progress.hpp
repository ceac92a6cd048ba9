#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace constformer {

/// How gradients of the batches between two updates count.
enum class accumulation : std::uint8_t {
  batches,  ///< the mean of the batches' means, as nanoGPT has it
  tokens    ///< the mean over all tokens that have a target
};

/// What a trainer counts. With the parameters and all states it is what a checkpoint has to hold, taken between an
/// update and the next batch: training goes on from there with the same bits.
struct training_progress {
  int steps = 0;            ///< updates
  std::int64_t passes = 0;  ///< batches, by which dropout's coins are made
  std::uint64_t seed = 0;   ///< of dropout
};

/// One state that an optimizer keeps of one tensor.
struct optimizer_state {
  std::string_view name;    ///< `exp_avg`, `momentum_buffer` …
  std::size_t entry = 0;    ///< of the parameter table
  int layer = 0;            ///< of that entry
  std::span<float> values;  ///< of its shape, but for `second_momentum_buffer`: one a row, or a column of a wide matrix
};

}  // namespace constformer
