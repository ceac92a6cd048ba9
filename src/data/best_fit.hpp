#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "constformer/data/batch_source.hpp"
#include "data/block_orders.hpp"
#include "data/documents.hpp"

namespace constformer::data {

/// How rows are packed.
struct packing {
  int buffer;  ///< documents among which is looked
  int refill;  ///< documents read at a time
  bool crop;   ///< what no document fits into is filled with the shortest one's beginning; else padded
  std::optional<std::uint32_t> seed;  ///< documents come in the order of Python's shuffle; else in their own
};

/// Rows of whole documents, each time the largest that still fits (nanochat's loaders).
std::unique_ptr<batch_source> pack_best_fit(std::unique_ptr<document_reader> documents, batch_shape shape, packing how);

}  // namespace constformer::data
