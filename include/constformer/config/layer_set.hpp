#pragma once

#include <cstdint>

namespace constformer {

/// Some of a model's blocks, by index from 0. Layers from `limit` on cannot be members.
struct layer_set {
  static constexpr int limit = 256;   ///< twice the layers of the deepest published model
  std::uint64_t words[limit / 64]{};  ///< bit i % 64 of word i / 64: layer i

  /// Whether `layer` is a member.
  [[nodiscard]] constexpr bool contains(int layer) const {
    return layer >= 0 && layer < limit && (words[layer / 64] >> (layer % 64) & 1U) != 0;
  }

  /// Makes `layer`, in [0, limit), a member.
  constexpr void add(int layer) { words[layer / 64] |= std::uint64_t{1} << (layer % 64); }

  /// How many members are below `layers`.
  [[nodiscard]] constexpr int count(int layers) const {
    int members = 0;
    for (int layer = 0; layer < layers && layer < limit; ++layer) members += contains(layer) ? 1 : 0;
    return members;
  }

  /// Whether no layer is a member.
  [[nodiscard]] constexpr bool empty() const { return *this == layer_set{}; }

  bool operator==(layer_set const&) const = default;
};

/// Layers first, first + period, first + 2·period, … below `layers` and the limit; first >= 0, period > 0.
[[nodiscard]] constexpr layer_set every(int period, int first, int layers) {
  layer_set set;
  for (int layer = first; layer < layers && layer < layer_set::limit; layer += period) set.add(layer);
  return set;
}

}  // namespace constformer
