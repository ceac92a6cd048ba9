#pragma once

#include <cstddef>
#include <span>

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/kv_block.hpp"

namespace constformer {

/// Rows that a config's forward pass takes at once: encoders see a sequence whole, and so do decoders with a prefix,
/// whose queries look ahead; other decoders take a prompt in batches of 128.
[[nodiscard]] constexpr int batch_rows(config const& c) {
  constexpr int prefill_rows = 128;
  return c.mask != mask_kind::causal || c.capacity < prefill_rows ? c.capacity : prefill_rows;
}

/// Layers whose keys and values are kept: an encoder needs only those of the layer at hand.
[[nodiscard]] constexpr int cached_layers(config const& c) { return c.mask == mask_kind::bidirectional ? 1 : c.layers; }

/// Where the prefix of a sequence ends, and the first of the two positions of the tokens after it.
struct prefix_place {
  int length = 0;  ///< tokens of the prefix: keys that all queries see
  int blank = 0;   ///< index, within the prefix, of the token that the rest stands for

  /// First and second position of the token at `index`.
  [[nodiscard]] constexpr int first(int index) const { return index < length ? index : blank; }
  /// 0 in the prefix, then 1, 2, …
  [[nodiscard]] constexpr int second(int index) const { return index < length ? 0 : index - length + 1; }
};

/// Floats of one head's biases by distance: from −capacity to a tile of keys beyond capacity.
[[nodiscard]] constexpr int relative_reach(int capacity) {
  constexpr int key_tile = 4 * panel_rows;
  return 2 * capacity + key_tile;
}

/// What a forward pass works on: weights, activations of `rows` tokens and the cache. Rows are padded to whole panels.
struct stage {
  std::byte const* weights = nullptr;  ///< the weights section of the packed file
  first_reading* reading = nullptr;    ///< sums the weights up as they are read, or null

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
  float* cos = nullptr;          ///< rotary factors (rows, rotary_dims)
  float* sin = nullptr;          ///< (rows, rotary_dims)
  float* frequencies = nullptr;  ///< radians per position (rotary_dims / planes / 2)

  float* sinusoids = nullptr;       ///< rows of the fixed table of positions (capacity, d_model)
  float* relative = nullptr;        ///< bias of distance 0 of head 0; others lie around it
  std::size_t relative_stride = 0;  ///< from one head to the next

  std::byte* source_keys = nullptr;    ///< as keys, of the source: for cross-attention
  std::byte* source_values = nullptr;  ///< as values, of the source
  int const* source_blocks = nullptr;  ///< 0, 1, 2, …: the source lies in one piece
  int source_count = 0;                ///< tokens of the source

  // Blocks outermost: all layers of a short text lie close together. With layers outermost they lay a power of two
  // apart, in the same sets of every cache.
  std::byte* keys = nullptr;    ///< (capacity/16, layers, kv_heads, pieces of keys in `kv_dtype`), see kv_block.hpp
  std::byte* values = nullptr;  ///< (capacity/16, layers, kv_heads, pieces of values)
  int* kept_ids = nullptr;      ///< (capacity) the token at each place of the cache; smear_inputs only
  int capacity = 0;             ///< positions of the cache, those of all sequences together, whole blocks of 16

  int const* ids = nullptr;        ///< (rows)
  int const* segments = nullptr;   ///< (rows), or null
  int const* blocks = nullptr;     ///< of row 0's sequence: which block of the cache holds positions [16·i, 16·i + 16)
  std::size_t blocks_stride = 0;   ///< from one row's blocks to the next row's; 0: all rows are of one sequence
  int const* positions = nullptr;  ///< (rows), or null if all rows are of one sequence
  prefix_place const* prefixes = nullptr;  ///< of row 0's sequence, or of each row's; null without a prefix mask
  int rows = 0;                            ///< tokens of this pass
  int first_position = 0;                  ///< of row 0 if all rows are of one sequence

  /// Each row is one token of a sequence of its own, unless there is but one row.
  [[nodiscard]] bool one_each() const { return rows == 1 || positions != nullptr; }
  /// Where in its sequence a row is.
  [[nodiscard]] int position(int row) const { return positions == nullptr ? first_position + row : positions[row]; }
  /// The prefix of a row's sequence.
  [[nodiscard]] prefix_place prefix(int row) const { return prefixes[positions == nullptr ? 0 : row]; }
  /// The blocks of a row's sequence.
  [[nodiscard]] int const* blocks_of(int row) const { return blocks + static_cast<std::size_t>(row) * blocks_stride; }

  /// The place in the cache of a position of a row's sequence.
  [[nodiscard]] std::size_t slot(int row, int position) const {
    return static_cast<std::size_t>(blocks_of(row)[position / panel_rows] * panel_rows + position % panel_rows);
  }
  /// The token before a row's, which this pass or an earlier one has seen; −1 at the beginning.
  [[nodiscard]] int id_before(int row) const {
    int const at = position(row);
    if (at == 0) return -1;
    bool const beside = row > 0 && positions == nullptr;  // the row above is of the same sequence
    return beside ? ids[row - 1] : kept_ids[slot(row, at - 1)];
  }

  /// Keys that the last row of a causal pass sees: those of earlier passes and of this one.
  [[nodiscard]] int key_count() const { return first_position + rows; }
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
  std::size_t frequencies;    ///< (rotary_dims / planes / 2)
  std::size_t sinusoids;      ///< (capacity, d_model)
  std::size_t relative;       ///< (heads, `relative_reach`)
  std::size_t source_keys;    ///< bytes: (capacity/16, layers, kv_heads, pieces); decoders with an encoder
  std::size_t source_values;  ///< bytes: (capacity/16, layers, kv_heads, pieces)
  std::size_t keys;           ///< bytes: (capacity/16, cached layers, kv_heads, pieces)
  std::size_t values;         ///< bytes: (capacity/16, cached layers, kv_heads, pieces)
  std::size_t kept_ids;       ///< (capacity), or 0

  /// The plan of `c` for that many workers and a cache of `capacity` positions for each of `sequences`. (rows) is the
  /// smaller of `batch_rows` and capacity, but holds a token of each sequence. The capacity and all widths but those of
  /// keys and rotary factors are rounded up to whole panels.
  [[nodiscard]] static constexpr stage_plan of(config const& c, int workers, int capacity, int sequences = 1) {
    int const batch = batch_rows(c) < capacity ? batch_rows(c) : capacity;
    int const rows = batch < sequences ? sequences : batch;
    int const width = padded(c.d_model);
    int const cached = cached_layers(c) * c.kv_heads;
    int const sourced = has_encoder(c) ? c.layers * c.kv_heads : 0;
    std::size_t const source_blocks = static_cast<std::size_t>(padded(capacity) / panel_rows);
    std::size_t const blocks = detail::count(padded(capacity) / panel_rows, sequences);
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
            .frequencies = static_cast<std::size_t>(c.rope.rotary_dims / c.rope.planes / 2),
            .sinusoids = detail::count(is_sinusoid(c.position) ? capacity : 0, width),
            .relative = detail::count(c.position == position_kind::relative ? c.heads : 0, relative_reach(capacity)),
            .source_keys = kept_bytes(c.kv_dtype, source_blocks, sourced, key),
            .source_values = kept_bytes(c.kv_dtype, source_blocks, sourced, value),
            .keys = kept_bytes(c.kv_dtype, blocks, cached, key),
            .values = kept_bytes(c.kv_dtype, blocks, cached, value),
            .kept_ids = c.smear_inputs > 0 ? blocks * panel_rows : 0};
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
  /// activation_bytes(). `capacity` and `sequences` are those the plan was made for.
  [[nodiscard]] stage cut(arena& memory, std::byte const* weights, int capacity, int sequences = 1) const {
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
    s.relative_stride = static_cast<std::size_t>(relative_reach(capacity));
    s.relative = memory.take<float>(relative).data() + (relative == 0 ? 0 : capacity);
    s.source_keys = memory.take<std::byte>(source_keys).data();
    s.source_values = memory.take<std::byte>(source_values).data();
    s.keys = memory.take<std::byte>(keys).data();
    s.values = memory.take<std::byte>(values).data();
    s.kept_ids = memory.take<int>(kept_ids).data();
    s.capacity = padded(capacity) * sequences;
    return s;
  }
};

}  // namespace constformer
