#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer::command {

/// Writes one float32 value at element `index` of an f32, f16 or bf16 array, rounded to nearest, ties to even.
void put_value(dtype type, std::byte* base, std::int64_t index, float value);

/// @{ Column `k` of row `row` of a matrix as packing rounded it, of blocks integer times scale, which float32 holds: in
/// a table of `cols` columns that is looked up by row, and in panels.
float get_table_value(dtype type, std::byte const* base, int cols, std::int64_t row, std::int64_t k);
float get_panel_value(dtype type, std::byte const* base, matrix_shape shape, std::int64_t row, std::int64_t k);
/// @}

/// Writes `values` as row `row` of a table that is looked up by row, (rows, values.size()) at `base`.
void put_table_row(dtype type, std::byte* base, std::int64_t row, std::span<float const> values);

/// Writes `values` as row `row` of a matrix in panels of 16 rows at `base`.
void put_panel_row(dtype type, std::byte* base, matrix_shape shape, std::int64_t row, std::span<float const> values);

/// @{ The same of a row whose blocks a GGUF file holds in `stored`, of which `type` holds every value exactly
/// (`holds_exactly`).
void put_stored_table_row(dtype type, std::byte* base, std::int64_t row, dtype stored,
                          std::span<std::byte const> blocks);
void put_stored_panel_row(dtype type, std::byte* base, matrix_shape shape, std::int64_t row, dtype stored,
                          std::span<std::byte const> blocks);
/// @}

}  // namespace constformer::command
