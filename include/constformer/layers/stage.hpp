#pragma once

#include <cstddef>

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/layers/batch_rows.hpp"

namespace constformer {

/// Rows that a config's forward pass takes at once: encoders see a sequence whole, and so do decoders with a prefix,
/// whose queries look ahead; other decoders take a prompt in batches of 128.
[[nodiscard]] constexpr int batch_rows_of(config const& c) {
  constexpr int prefill_rows = 128;
  return c.mask != mask_kind::causal || c.capacity < prefill_rows ? c.capacity : prefill_rows;
}

/// Layers whose keys and values are kept: an encoder needs only those of the layer at hand.
[[nodiscard]] constexpr int cached_layers(config const& c) { return c.mask == mask_kind::bidirectional ? 1 : c.layers; }

/// Floats of one head's biases by distance: from −capacity to a tile of keys beyond capacity.
[[nodiscard]] constexpr int relative_reach(int capacity) {
  constexpr int key_tile = 4 * panel_rows;
  return 2 * capacity + key_tile;
}

/// The weights of a forward pass.
struct weight_view {
  std::byte const* weights = nullptr;  ///< the weights section of the packed file
  first_reading* reading = nullptr;    ///< sums the weights up as they are read, or null
};

/// What a forward pass writes. Rows are padded to whole panels.
struct activations {
  float* x = nullptr;       ///< residual stream (rows, d_model)
  float* normed = nullptr;  ///< input of a matrix (rows, d_model)
  /// The same for a single row, one per worker, so that no barrier is needed (workers, d_model).
  float* own_normed = nullptr;
  float* first = nullptr;        ///< x as it entered block 0 (rows, d_model); residual_gains only
  float* halfway = nullptr;      ///< x after block layers/2 (rows, d_model); backout only
  float* qkv = nullptr;          ///< (rows, (heads + 2·kv_heads)·head_dim)
  float* attended = nullptr;     ///< (rows, heads·head_dim)
  float* hidden = nullptr;       ///< (rows, d_ff)
  std::byte* rounded = nullptr;  ///< input of a matrix, rounded (rows, `rounded_row_bytes`)
  /// The same for a single row, one per worker (workers, `rounded_row_bytes`).
  std::byte* own_rounded = nullptr;
  float* cos = nullptr;  ///< rotary factors (rows, rotary_dims)
  float* sin = nullptr;  ///< (rows, rotary_dims)
};

/// Tables of positions.
struct position_view {
  float* frequencies = nullptr;     ///< radians per position (rotary_dims / planes / 2); dynamic: of each row
  float* sinusoids = nullptr;       ///< rows of the fixed table of positions (capacity, d_model)
  float* relative = nullptr;        ///< bias of distance 0 of head 0; others lie around it
  std::size_t relative_stride = 0;  ///< from one head to the next
};

/// Keys and values of all sequences. Blocks outermost: all layers of a short text lie close together. With layers
/// outermost they lay a power of two apart, in the same sets of every cache.
struct cache_view {
  std::byte* keys = nullptr;    ///< (blocks, layers, kv_heads, pieces of keys in `kv_dtype`), see kv_block.hpp
  std::byte* values = nullptr;  ///< (blocks, layers, kv_heads, pieces of values)
  int* kept_ids = nullptr;      ///< (blocks, 16) the token at each place of the cache; smear_inputs only
  int capacity = 0;             ///< positions of the cache, those of all sequences together

  std::byte* source_keys = nullptr;    ///< as keys, of the source: for cross-attention
  std::byte* source_values = nullptr;  ///< as values, of the source
  int const* source_blocks = nullptr;  ///< 0, 1, 2, …: the source lies in one piece
  int source_count = 0;                ///< tokens of the source
};

/// What a forward pass works on.
struct stage : weight_view, activations, position_view, cache_view, batch_rows {
  /// The token before a row's, which this pass or an earlier one has seen; −1 at the beginning.
  [[nodiscard]] int id_before(int row) const {
    int const at = position(row);
    if (at == 0) return -1;
    bool const beside = row > 0 && tables[row] == tables[row - 1];  // the row above is of the same sequence
    return beside ? ids[row - 1] : kept_ids[slot(row, at - 1)];
  }
};

/// What a stage is planned for.
struct stage_extents {
  int workers;   ///< threads
  int capacity;  ///< positions of a sequence
  int blocks;    ///< of 16 positions, those of all sequences together
  int rows;      ///< tokens of a pass

  /// For a cache of `capacity` positions for each of `sequences`: rows are the smaller of `batch_rows_of` and capacity,
  /// but hold a token of each sequence.
  [[nodiscard]] static constexpr stage_extents of(config const& c, int workers, int capacity, int sequences = 1) {
    int const batch = batch_rows_of(c) < capacity ? batch_rows_of(c) : capacity;
    return {workers, capacity, padded(capacity) / panel_rows * sequences, batch < sequences ? sequences : batch};
  }
};

namespace detail {

[[nodiscard]] constexpr std::size_t count(int rows, int width) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(width);
}

}  // namespace detail

/// Bytes of the widest input of a matrix of `c` when it is rounded, whole cache lines; 0 if inputs stay floats.
[[nodiscard]] constexpr std::size_t rounded_row_bytes(config const& c) {
  if (c.inputs == dtype::f32) return 0;
  int widest = c.d_model > c.d_ff ? c.d_model : c.d_ff;
  if (c.heads * c.head_dim > widest) widest = c.heads * c.head_dim;
  constexpr std::size_t line = 64;
  std::size_t bytes = c.inputs == dtype::bf16 ? sizeof(float) * static_cast<std::size_t>(padded(widest))
                                              : input_row_bytes(c.weights, widest);
  for (int i = 0; c.inputs == dtype::i8 && i < c.types.count; ++i)
    if (std::size_t const more = input_row_bytes(c.types.list[i].type, widest); more > bytes) bytes = more;
  return (bytes + line - 1) / line * line;
}

/// How many floats, or bytes where it says so, each part of a stage takes: one list for planning memory and for cutting
/// it.
struct stage_plan {
  std::size_t x;              ///< (rows, d_model)
  std::size_t normed;         ///< (rows, d_model)
  std::size_t own_normed;     ///< (workers, d_model)
  std::size_t first;          ///< (rows, d_model), or 0
  std::size_t halfway;        ///< (rows, d_model), or 0
  std::size_t qkv;            ///< (rows, (heads + 2·kv_heads)·head_dim)
  std::size_t attended;       ///< (rows, heads·head_dim)
  std::size_t hidden;         ///< (rows, d_ff)
  std::size_t rounded;        ///< bytes: (rows, or the source if that is longer, `rounded_row_bytes`)
  std::size_t own_rounded;    ///< bytes: (workers, `rounded_row_bytes`)
  std::size_t cos;            ///< (rows, rotary_dims)
  std::size_t sin;            ///< (rows, rotary_dims)
  std::size_t frequencies;    ///< (1, or rows where lengths decide them, rotary_dims / planes / 2)
  std::size_t sinusoids;      ///< (capacity, d_model)
  std::size_t relative;       ///< (heads, `relative_reach`)
  std::size_t source_keys;    ///< bytes: (capacity/16, layers, kv_heads, pieces); decoders with an encoder
  std::size_t source_values;  ///< bytes: (capacity/16, layers, kv_heads, pieces)
  std::size_t keys;           ///< bytes: (capacity/16, cached layers, kv_heads, pieces)
  std::size_t values;         ///< bytes: (capacity/16, cached layers, kv_heads, pieces)
  std::size_t kept_ids;       ///< (capacity), or 0

  /// The plan of `c`. All widths but those of keys and rotary factors are rounded up to whole panels.
  [[nodiscard]] static constexpr stage_plan of(config const& c, stage_extents const& e) {
    auto const [workers, capacity, cache_blocks, rows] = e;
    int const width = padded(c.d_model);
    int const cached = cached_layers(c) * c.kv_heads;
    int const sourced = has_encoder(c) ? c.layers * c.kv_heads : 0;
    std::size_t const source_blocks = static_cast<std::size_t>(padded(capacity) / panel_rows);
    std::size_t const blocks = static_cast<std::size_t>(cache_blocks);
    bool const dynamic = c.position == position_kind::rotary && c.rope.scaling == rope_scaling_kind::dynamic;
    std::size_t const key = key_piece(c.kv_dtype, c.head_dim);
    std::size_t const value = value_piece(c.kv_dtype, c.head_dim);
    return {.x = detail::count(rows, width),
            .normed = detail::count(rows, width),
            .own_normed = detail::count(workers, width),
            .first = c.residual_gains ? detail::count(rows, width) : 0,
            .halfway = c.backout ? detail::count(rows, width) : 0,
            .qkv = detail::count(rows, padded(qkv_rows(c))),
            .attended = detail::count(rows, padded(c.heads * c.head_dim)),
            .hidden = detail::count(rows, padded(c.d_ff)),
            .rounded = (has_encoder(c) && capacity > rows ? static_cast<std::size_t>(capacity)
                                                          : static_cast<std::size_t>(rows)) *
                       rounded_row_bytes(c),
            .own_rounded = static_cast<std::size_t>(workers) * rounded_row_bytes(c),
            .cos = detail::count(rows, c.rope.rotary_dims),
            .sin = detail::count(rows, c.rope.rotary_dims),
            .frequencies = detail::count(dynamic ? rows : 1, c.rope.rotary_dims / c.rope.planes / 2),
            .sinusoids = detail::count(is_sinusoid(c.position) ? capacity : 0, width),
            .relative = detail::count(c.position == position_kind::relative ? c.heads : 0, relative_reach(capacity)),
            .source_keys = kept_bytes(c.kv_dtype, source_blocks, sourced, key),
            .source_values = kept_bytes(c.kv_dtype, source_blocks, sourced, value),
            .keys = kept_bytes(c.kv_dtype, blocks, cached, key),
            .values = kept_bytes(c.kv_dtype, blocks, cached, value),
            .kept_ids = c.smear_inputs > 0 ? blocks * panel_rows : 0};
  }

  /// The plan of a cache of `capacity` positions for each of `sequences`.
  [[nodiscard]] static constexpr stage_plan of(config const& c, int workers, int capacity, int sequences = 1) {
    return of(c, stage_extents::of(c, workers, capacity, sequences));
  }

  /// Bytes of an arena that keys and values take.
  [[nodiscard]] constexpr std::size_t cache_bytes() const {
    std::size_t bytes = arena::bytes_for<int>(kept_ids);
    for (std::size_t part : {keys, values, source_keys, source_values}) bytes += arena::bytes_for<std::byte>(part);
    return bytes;
  }

  /// Bytes of an arena that all the other parts take.
  [[nodiscard]] constexpr std::size_t activation_bytes() const {
    std::size_t bytes = 0;
    for (std::size_t part :
         {x, normed, own_normed, first, halfway, qkv, attended, hidden, cos, sin, frequencies, sinusoids, relative})
      bytes += arena::bytes_for<float>(part);
    return bytes + arena::bytes_for<std::byte>(rounded) + arena::bytes_for<std::byte>(own_rounded);
  }

  /// A stage whose parts are cut from `memory`; throws std::bad_alloc if that holds less than cache_bytes() +
  /// activation_bytes(). `e` is what the plan was made for.
  [[nodiscard]] stage cut(arena& memory, std::byte const* weights, stage_extents const& e) const {
    stage s;
    s.weights = weights;
    s.x = memory.take<float>(x).data();
    s.normed = memory.take<float>(normed).data();
    s.own_normed = memory.take<float>(own_normed).data();
    s.first = memory.take<float>(first).data();
    s.halfway = memory.take<float>(halfway).data();
    s.qkv = memory.take<float>(qkv).data();
    s.attended = memory.take<float>(attended).data();
    s.hidden = memory.take<float>(hidden).data();
    s.rounded = memory.take<std::byte>(rounded).data();
    s.own_rounded = memory.take<std::byte>(own_rounded).data();
    s.cos = memory.take<float>(cos).data();
    s.sin = memory.take<float>(sin).data();
    s.frequencies = memory.take<float>(frequencies).data();
    s.sinusoids = memory.take<float>(sinusoids).data();
    s.relative_stride = static_cast<std::size_t>(relative_reach(e.capacity));
    s.relative = memory.take<float>(relative).data() + (relative == 0 ? 0 : e.capacity);
    s.source_keys = memory.take<std::byte>(source_keys).data();
    s.source_values = memory.take<std::byte>(source_values).data();
    s.keys = memory.take<std::byte>(keys).data();
    s.values = memory.take<std::byte>(values).data();
    s.kept_ids = memory.take<int>(kept_ids).data();
    s.capacity = e.blocks * panel_rows;
    return s;
  }
};

}  // namespace constformer
