#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/rope.hpp"
#include "constformer/kernels/sinusoid.hpp"

namespace constformer {

/// What a program looks up by position: cosines and sines of its rotations, and rows of its sinusoids.
template <class Program>
struct program_tables {
  static constexpr auto const& rotations = Program::graph.rotations;  ///< of `rope` nodes
  /// Positions that tables have.
  static constexpr std::size_t positions = static_cast<std::size_t>(Program::bounds.longest());

  /// Pairs of a plane that rotate.
  [[nodiscard]] static constexpr std::size_t pairs(std::size_t rotation) {
    return static_cast<std::size_t>(rotations[rotation].rotary_dims / rotations[rotation].planes / 2);
  }
  /// Floats before the table of a rotation: cosines (positions, pairs), then sines. Equal rotations share a table.
  [[nodiscard]] static constexpr std::size_t rotation_at(std::size_t rotation) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < rotation; ++i) {
      if (rotations[i] == rotations[rotation]) return rotation_at(i);
      if (is_first(i)) at += 2 * positions * pairs(i);
    }
    return at;
  }
  /// Floats before the table of a `sinusoid` node: (positions, width).
  [[nodiscard]] static constexpr std::size_t sinusoid_at(int id) {
    std::size_t at = rotation_floats();
    for (int i = 0; i < id; ++i)
      if (node const& n = at_node(i); n.kind == node_kind::sinusoid)
        at += positions * static_cast<std::size_t>(n.shape.columns());
    return at;
  }
  /// Floats of all tables.
  static constexpr std::size_t floats = sinusoid_at(static_cast<int>(Program::graph.nodes.size()));
  /// True if rotations depend on the longest sequence of a batch.
  static constexpr bool adapts = [] {
    bool any = false;
    for (rope_config const& r : rotations)
      any = any || r.scaling == rope_scaling_kind::dynamic || r.scaling == rope_scaling_kind::longrope;
    return any;
  }();

  /// Fills `out`, `floats` long, for batches whose longest sequence has `length` tokens: positions [first, last).
  static void fill(float* out, int length, std::size_t first = 0, std::size_t last = positions) {
    for (std::size_t i = 0; i < rotations.size(); ++i)
      if (is_first(i)) fill_rotation(out + rotation_at(i), i, length, first, last);
    for (int i = 0; i < static_cast<int>(Program::graph.nodes.size()); ++i) {
      node const& n = at_node(i);
      if (n.kind != node_kind::sinusoid) continue;
      auto const width = static_cast<std::size_t>(n.shape.columns());
      for (std::size_t p = first; p < last; ++p)
        sinusoid_row(static_cast<position_kind>(n.index), static_cast<int>(p),
                     std::span(out + sinusoid_at(i) + p * width, width));
    }
  }

 private:
  static constexpr node const& at_node(int id) { return Program::graph.nodes[static_cast<std::size_t>(id)]; }
  static constexpr bool is_first(std::size_t rotation) {
    for (std::size_t i = 0; i < rotation; ++i)
      if (rotations[i] == rotations[rotation]) return false;
    return true;
  }
  static constexpr std::size_t rotation_floats() {
    std::size_t total = 0;
    for (std::size_t i = 0; i < rotations.size(); ++i)
      if (is_first(i)) total += 2 * positions * pairs(i);
    return total;
  }

  static void fill_rotation(float* cos, std::size_t index, int length, std::size_t first, std::size_t last) {
    rope_config const& r = rotations[index];
    std::array<float, 1024> frequencies{};
    std::size_t const count = pairs(index);
    rope_frequencies(r, length, std::span(frequencies.data(), count));
    float* const sin = cos + positions * count;
    for (std::size_t p = first; p < last; ++p)
      for (std::size_t j = 0; j < count; ++j) {
        float const angle = static_cast<float>(p) * frequencies[j];  // in float, as the reference implementations do
        cos[p * count + j] = std::cos(angle) * r.attention_factor;
        sin[p * count + j] = std::sin(angle) * r.attention_factor;
      }
  }
};

}  // namespace constformer
