// Weighted sums of the values of heads so narrow that they leave half of each row of values empty.
#if defined(CONSTFORMER_KERNELS_NARROW_VALUES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_NARROW_VALUES_INL_HPP
#undef CONSTFORMER_KERNELS_NARROW_VALUES_INL_HPP
#else
#define CONSTFORMER_KERNELS_NARROW_VALUES_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Heads of up to this many dimensions are narrow.
inline constexpr int largest_narrow_head = panel_rows / 2;

/// Rows of f32 values of one narrow head, padded to 16, in blocks of 16 keys; and what they weigh.
struct narrow_values {
  float const* values;       ///< of block 0
  std::size_t stride;        ///< floats from one block to the next
  int const* blocks;         ///< of each 16 keys
  int keys;                  ///< of all blocks
  float const* weights;      ///< of row 0: one for each key
  std::size_t next_weights;  ///< floats from one row's to the next
};

/// Row r's sum of `Rows`, from `row` on, of which those below `rows` count: Σ weight·value over all keys, (HeadDim) in
/// vectors of as many lanes as it needs; finish(row, column, vector) is told each. Sums of 16 keys are made apart and
/// added up in their order, so that a single row has more than one chain of additions.
template <int HeadDim, int Rows, class Finish>
HWY_INLINE void sum_narrow(narrow_values const& from, int row, int rows, Finish const& finish) {
  static_assert(HeadDim <= largest_narrow_head);
  hn::CappedTag<float, (HeadDim > 4 ? 8 : 4)> const d;
  constexpr int width = static_cast<int>(hn::MaxLanes(d));
  constexpr int vecs = (HeadDim + width - 1) / width;
  using vec = hn::Vec<decltype(d)>;
  float const* weights[Rows];
  for (int r = 0; r < Rows; ++r)
    weights[r] = from.weights + static_cast<std::size_t>(HWY_MIN(row + r, rows - 1)) * from.next_weights;

  vec sums[Rows][vecs];
  for (auto& of_row : sums)
    for (auto& sum : of_row) sum = hn::Zero(d);
  for (int first = 0; first < from.keys; first += panel_rows) {
    float const* values = from.values + static_cast<std::size_t>(from.blocks[first / panel_rows]) * from.stride;
    vec parts[Rows][vecs];
    for (auto& of_row : parts)
      for (auto& part : of_row) part = hn::Zero(d);
    auto const add_key = [&](int key) HWY_ATTR __attribute__((always_inline)) {
      HWY_UNROLL(4)
      for (int v = 0; v < vecs; ++v) {
        auto const value = hn::LoadU(d, values + v * width);
        HWY_UNROLL(16)
        for (int r = 0; r < Rows; ++r) parts[r][v] = hn::MulAdd(hn::Set(d, weights[r][key]), value, parts[r][v]);
      }
      values += panel_rows;
    };
    if (first + panel_rows <= from.keys) {
      HWY_UNROLL(4)
      for (int k = 0; k < panel_rows; ++k) add_key(first + k);
    } else {
      for (int key = first; key < from.keys; ++key) add_key(key);
    }
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < vecs; ++v) sums[r][v] = hn::Add(sums[r][v], parts[r][v]);
  }

  for (int r = 0; r < Rows && row + r < rows; ++r)
    for (int v = 0; v < vecs; ++v) finish(row + r, v * width, sums[r][v]);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
