#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "constformer/core/arena.hpp"
#include "constformer/layers/batch_rows.hpp"

namespace constformer {

/// Columns of `batch_rows` that not all models have.
struct batch_columns {
  bool prefixes = false;  ///< of each sequence
  bool segments = false;  ///< of each token
};

/// Room for the columns of `batch_rows`. All memory comes from an arena.
class batch_table {
 public:
  /// Bytes of an arena that a table for `rows` rows takes.
  [[nodiscard]] static constexpr std::size_t bytes(int rows, batch_columns more = {}) {
    auto const count = static_cast<std::size_t>(rows);
    return 2 * arena::bytes_for<int>(count) + arena::bytes_for<int const*>(count) + arena::bytes_for<row_run>(count) +
           arena::bytes_for<prefix_place>(more.prefixes ? count : 0) + arena::bytes_for<int>(more.segments ? count : 0);
  }

  /// No rows; throws std::bad_alloc if `memory` holds less than `bytes`.
  batch_table(arena& memory, int rows, batch_columns more = {})
      : ids_(memory.take<int>(static_cast<std::size_t>(rows))),
        positions_(memory.take<int>(static_cast<std::size_t>(rows))),
        tables_(memory.take<int const*>(static_cast<std::size_t>(rows))),
        run_(memory.take<row_run>(static_cast<std::size_t>(rows))),
        prefixes_(memory.take<prefix_place>(more.prefixes ? static_cast<std::size_t>(rows) : 0)),
        segments_(memory.take<int>(more.segments ? static_cast<std::size_t>(rows) : 0)) {}

  /// Forgets all rows.
  void clear() { rows_ = runs_ = 0; }

  /// Rows that continue a sequence of `position` tokens in `blocks`; `segments` is empty (all 0) or one per id. There
  /// must be room for them.
  void add(std::span<int const> ids, int position, int const* blocks, prefix_place prefix = {},
           std::span<int const> segments = {}) {
    run_[runs_++] = {static_cast<int>(rows_), static_cast<int>(ids.size())};
    std::copy(ids.begin(), ids.end(), ids_.begin() + static_cast<std::ptrdiff_t>(rows_));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      positions_[rows_ + i] = position + static_cast<int>(i);
      tables_[rows_ + i] = blocks;
      if (!prefixes_.empty()) prefixes_[rows_ + i] = prefix;
      if (!segments_.empty()) segments_[rows_ + i] = segments.empty() ? 0 : segments[i];
    }
    rows_ += ids.size();
  }

  /// What a stage sees of it.
  [[nodiscard]] batch_rows view() const {
    return {.rows = static_cast<int>(rows_),
            .runs = static_cast<int>(runs_),
            .ids = ids_.data(),
            .segments = segments_.empty() ? nullptr : segments_.data(),
            .positions = positions_.data(),
            .tables = tables_.data(),
            .prefixes = prefixes_.empty() ? nullptr : prefixes_.data(),
            .run = run_.data()};
  }

 private:
  std::span<int> ids_;
  std::span<int> positions_;
  std::span<int const*> tables_;
  std::span<row_run> run_;
  std::span<prefix_place> prefixes_;
  std::span<int> segments_;
  std::size_t rows_ = 0;
  std::size_t runs_ = 0;
};

}  // namespace constformer
