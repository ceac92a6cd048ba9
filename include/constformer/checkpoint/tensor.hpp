#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "constformer/core/dtype.hpp"

namespace constformer {

/// A tensor in a mapped checkpoint file: row-major, little endian, not necessarily aligned. The file must outlive it.
struct tensor_view {
  std::string name;                     ///< as the checkpoint calls it
  dtype type = dtype::f32;              ///< f32, f16, bf16; i8 with scales (llama2.c v2); q8_0 and q4_0 (GGUF)
  std::vector<std::int64_t> shape;      ///< outermost extent first; empty: a single value
  std::span<std::byte const> bytes;     ///< all values, `bytes_of(type, count_of(shape))`
  std::span<std::byte const> scales{};  ///< i8: an f32 for every `group` values of the tensor, rows running on
  int group = 0;                        ///< i8: values that share a scale
};

/// A tensor that is in the file and that no model reads: a saved buffer, a head for training, or of a type that is not
/// floating.
struct unread_tensor {
  std::string name;                     ///< as the checkpoint calls it
  std::string type;                     ///< as the file calls it: "I64", "BOOL", ...
  std::vector<std::int64_t> shape;      ///< outermost extent first
  std::int64_t bytes = 0;               ///< in the file
  std::span<std::byte const> values{};  ///< where it is there; the file must outlive it
};

/// A shape as messages write it: [4096,1024].
[[nodiscard]] std::string shape_text(std::span<std::int64_t const> shape);

/// Values in a tensor of `shape`, which its reader has checked to fit 64 bits.
[[nodiscard]] std::int64_t count_of(std::span<std::int64_t const> shape);

/// A tensor as a matrix (rows, columns): the first extent, and the product of the others. Vectors are one row.
struct matrix_extents {
  std::int64_t rows;     ///< the first extent; 1 for a vector
  std::int64_t columns;  ///< the product of the others
};

/// The extents of `tensor` seen so.
[[nodiscard]] matrix_extents matrix_of(tensor_view const& tensor);

/// Converts rows [begin, begin + count) of the tensor as a matrix (rows, columns) to float32: `out` is (count,
/// columns). Exact for f32, f16 and bf16; of i8 and of blocks value times scale. Throws `error` if the rows or the size
/// of `out` do not fit.
void read_rows_f32(tensor_view const& tensor, std::int64_t begin, std::int64_t count, std::span<float> out);

/// The same for columns [begin, begin + count), transposed: `out` is (count, rows). GPT-2 stores its linear layers [in,
/// out], and this gives rows of the [out, in] matrix. Reads count neighbouring values from every row, so take dozens of
/// columns at once.
void read_columns_f32(tensor_view const& tensor, std::int64_t begin, std::int64_t count, std::span<float> out);

}  // namespace constformer
