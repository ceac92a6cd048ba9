#pragma once

#include <cstdint>

#include "constformer/execute/batch.hpp"
#include "constformer/execute/row_cache.hpp"

namespace constformer {

/// What a pass works on.
struct pass_frame {
  float* parameters = nullptr;    ///< as `parameter_layout` has them
  float* gradients = nullptr;     ///< alike; null in passes without any
  float* arena = nullptr;         ///< as `memory_plan` has it
  float const* tables = nullptr;  ///< as `program_tables` has them
  float* shared = nullptr;        ///< for one node at a time, of all workers
  float* own = nullptr;           ///< for one node at a time, of this worker
  token_batch batch{};            ///< what is read
  row_cache cache{};              ///< rows of tokens before, in programs that keep them
  bool apart = false;             ///< a row's bits do not depend on how many there are
  bool adds = false;              ///< gradients are added to those of batches before
  float weight = 1.0F;            ///< the loss and its gradients are multiplied by it
  std::uint64_t coins = 0;        ///< what dropout's coins of this pass are made of
  int layer = 0;                  ///< of the loop at hand
  int iteration = 0;              ///< of the loop at hand
  double loss = 0.0;              ///< once the pass is over
};

}  // namespace constformer
