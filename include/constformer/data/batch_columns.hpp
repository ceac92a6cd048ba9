#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "constformer/execute/batch.hpp"

namespace constformer {

/// A batch that owns its columns, each (sequences·length) row by row unless told otherwise.
struct batch_columns {
  int sequences = 0;                    ///< how many
  int length = 0;                       ///< tokens of each
  std::vector<std::int32_t> tokens;     ///< what the model reads
  std::vector<std::int32_t> positions;  ///< place of each token in its sequence
  std::vector<std::int32_t> targets;    ///< what it is to foretell; -1: nothing

  std::vector<std::int32_t> lengths;   ///< (sequences) tokens before the padding; empty where nothing is padded
  std::vector<std::int32_t> segments;  ///< masked: 0 and 1 of a pair of texts; else empty
  std::vector<std::int32_t> labels;    ///< (sequences) masked: 1 where the second text is a random one; else empty

  int source_length = 0;                       ///< pairs: tokens of each source; else 0
  std::vector<std::int32_t> source_tokens;     ///< (sequences·source_length) pairs: what the encoder reads
  std::vector<std::int32_t> source_positions;  ///< (sequences·source_length) pairs
  std::vector<std::int32_t> source_lengths;    ///< (sequences) pairs: tokens before the padding

  /// What a model trains on; valid until the columns change.
  [[nodiscard]] token_batch view() const {
    return {tokens.data(), positions.data(), targets.data(), sequences, length};
  }
  /// What the encoder of an encoder-decoder reads; without targets.
  [[nodiscard]] token_batch source() const {
    return {source_tokens.data(), source_positions.data(), nullptr, sequences, source_length};
  }

  /// Columns of `count` sequences of `tokens_each`: positions from 0, tokens 0, no targets; all others are emptied.
  void reshape(int count, int tokens_each) {
    sequences = count;
    length = tokens_each;
    tokens.assign(rows_of(tokens_each), 0);
    targets.assign(rows_of(tokens_each), -1);
    put_positions(positions, tokens_each);
    for (auto* const other : {&lengths, &segments, &labels, &source_tokens, &source_positions, &source_lengths})
      other->clear();
    source_length = 0;
  }

  /// Columns of the sources of as many sequences: positions from 0, tokens 0.
  void reshape_source(int tokens_each) {
    source_length = tokens_each;
    source_tokens.assign(rows_of(tokens_each), 0);
    put_positions(source_positions, tokens_each);
  }

 private:
  [[nodiscard]] std::size_t rows_of(int tokens_each) const {
    return static_cast<std::size_t>(sequences) * static_cast<std::size_t>(tokens_each);
  }
  void put_positions(std::vector<std::int32_t>& column, int tokens_each) const {
    column.resize(rows_of(tokens_each));
    for (std::size_t i = 0; i < column.size(); ++i)
      column[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(tokens_each));
  }
};

}  // namespace constformer
