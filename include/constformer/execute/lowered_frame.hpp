#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/layers/batch_rows.hpp"
#include "constformer/layers/stage.hpp"
#include "constformer/passes/plan_activations.hpp"
#include "constformer/passes/plan_weights.hpp"

namespace constformer {

/// What phases of `Program` work on: weights, the rows of a pass, the cache, and values where the program has planned
/// them.
template <class Program>
struct lowered_frame : weight_view, cache_view, batch_rows {
  float* arena = nullptr;            ///< (columns, most_rows): `activation_place`
  int most_rows = 0;                 ///< that a pass may have
  float* normed = nullptr;           ///< (most_rows, normed_columns) input of a product
  float* own = nullptr;              ///< (workers, own_columns) a row that a worker computes for itself
  float* cos = nullptr;              ///< (rotary_dims, most_rows): of each rotation (rows, its dims)
  float* sin = nullptr;              ///< alike
  float* frequencies = nullptr;      ///< radians per position, of each rotation (1, or most_rows where lengths decide
                                     ///< them, pairs of a plane)
  std::byte* rounded = nullptr;      ///< (most_rows, rounded_bytes) input of a product, rounded
  std::byte* own_rounded = nullptr;  ///< (workers, rounded_bytes) the same for a single row
  int first = 0;                     ///< rows of the stream before those that are asked for
  float* result = nullptr;           ///< (rows, vocab) where the last phase leaves what it gives

  /// Row 0 of the value of node `Id`, or, of the result, where it goes.
  template <int Id>
  [[nodiscard]] float* value() const {
    if constexpr (Id == Program::graph.result) {
      return result;
    } else {
      constexpr activation_place place = Program::lowered.places[Id];
      static_assert(place.before >= 0);
      constexpr bool skips = Program::at(Id).kind == node_kind::wanted_rows;  // they lie among all rows
      float* const base = arena + static_cast<std::size_t>(place.before) * static_cast<std::size_t>(most_rows);
      return skips ? base + static_cast<std::size_t>(first) * place.stride : base;
    }
  }
  /// Floats from one of its rows to the next.
  template <int Id>
  static constexpr std::size_t stride =
      Id == Program::graph.result ? static_cast<std::size_t>(padded(Program::vocab))
                                  : static_cast<std::size_t>(Program::lowered.places[Id].stride);

  /// The frequencies of a rotation for row `row`.
  template <std::size_t Rotation>
  [[nodiscard]] std::span<float> frequencies_of(int row) const {
    constexpr rope_config const& rope = Program::graph.rotations[Rotation];
    constexpr auto pairs = static_cast<std::size_t>(rope.rotary_dims / rope.planes / 2);
    auto const before = static_cast<std::size_t>(Program::dims_before(Rotation));
    if constexpr (!Program::adapts) {
      return {frequencies + before, pairs};
    } else {
      std::size_t const start = rope.scaling == rope_scaling_kind::dynamic ? static_cast<std::size_t>(row) * pairs : 0;
      return {frequencies + before * static_cast<std::size_t>(most_rows) + start, pairs};
    }
  }

  /// Input `I` of node `Id`, a vector or a matrix of a layer.
  template <int Id, std::size_t I>
  [[nodiscard]] std::byte const* weight(int layer) const {
    constexpr weight_place place = Program::weight(Id, I);
    static_assert(place.offset >= 0);
    return weights + place.offset + layer * place.stride;
  }
  /// The same of a vector that a node may lack: null.
  template <int Id, std::size_t I>
  [[nodiscard]] float const* vector(int layer) const {
    if constexpr (Program::at(Id).inputs[I] < 0)
      return nullptr;
    else
      return reinterpret_cast<float const*>(weight<Id, I>(layer));
  }
};

/// What a frame is planned for.
struct lowered_extents {
  int workers;  ///< threads
  int blocks;   ///< of the cache, 16 positions each
  int rows;     ///< tokens of a pass
};

/// Bytes of keys and values of one kind in `blocks` blocks, in pieces of so many elements.
template <class Program>
[[nodiscard]] constexpr std::size_t lowered_cache_bytes(int blocks, std::size_t piece) {
  return kept_bytes(Program::build.kv_dtype, static_cast<std::size_t>(blocks), Program::slots, piece);
}

/// Gives every part of a frame its memory, which `floats(count)` and `bytes(count)` take: one list for planning memory
/// and for cutting it.
template <class Program, class Floats, class Bytes>
constexpr void cut_frame(lowered_extents const& e, lowered_frame<Program>& f, Floats const& floats,
                         Bytes const& bytes) {
  auto const rows = static_cast<std::size_t>(e.rows), workers = static_cast<std::size_t>(e.workers);
  auto const times = [](std::size_t count, int columns) { return count * static_cast<std::size_t>(columns); };
  constexpr dtype kept_type = Program::build.kv_dtype;
  f.arena = floats(times(rows, Program::lowered.columns));
  f.normed = floats(times(rows, Program::normed_columns));
  f.own = floats(times(workers, Program::own_columns));
  f.rounded = bytes(rows * Program::rounded_bytes);
  f.own_rounded = bytes(workers * Program::rounded_bytes);
  f.cos = floats(times(rows, Program::rotary_dims));
  f.sin = floats(times(rows, Program::rotary_dims));
  f.frequencies = floats(times(Program::adapts ? rows : 1, Program::rotary_dims));
  f.keys = bytes(lowered_cache_bytes<Program>(e.blocks, key_piece(kept_type, Program::head_dim)));
  f.values = bytes(lowered_cache_bytes<Program>(e.blocks, value_piece(kept_type, Program::head_dim)));
}

/// Bytes of an arena that keys and values of a frame take, and bytes that all of it takes.
struct lowered_bytes {
  std::size_t cache = 0;  ///< keys and values
  std::size_t all = 0;    ///< with them
};

/// Those of a frame of `Program`.
template <class Program>
[[nodiscard]] constexpr lowered_bytes bytes_of_frame(lowered_extents const& e) {
  lowered_bytes out;
  lowered_frame<Program> f;
  auto const floats = [&](std::size_t count) -> float* {
    out.all += arena::bytes_for<float>(count);
    return nullptr;
  };
  auto const bytes = [&](std::size_t count) -> std::byte* {
    out.all += arena::bytes_for<std::byte>(count);
    return nullptr;
  };
  cut_frame<Program>(e, f, floats, bytes);
  for (std::size_t piece :
       {key_piece(Program::build.kv_dtype, Program::head_dim), value_piece(Program::build.kv_dtype, Program::head_dim)})
    out.cache += arena::bytes_for<std::byte>(lowered_cache_bytes<Program>(e.blocks, piece));
  return out;
}

/// A frame whose parts are cut from `memory`; throws std::bad_alloc if that holds less than `bytes_of_frame`.
template <class Program>
[[nodiscard]] lowered_frame<Program> make_frame(arena& memory, std::byte const* weights, lowered_extents const& e) {
  lowered_frame<Program> f;
  cut_frame<Program>(
      e, f, [&](std::size_t count) { return memory.take<float>(count).data(); },
      [&](std::size_t count) { return memory.take<std::byte>(count).data(); });
  f.weights = weights;
  f.most_rows = e.rows;
  f.capacity = e.blocks * panel_rows;
  return f;
}

}  // namespace constformer
