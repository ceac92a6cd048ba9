#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "constformer/execute/batch.hpp"

namespace constformer {

/// One sequence of a batch. Columns may be empty: then there are no targets, or segment 0 everywhere.
struct batch_sequence {
  std::span<std::int32_t const> tokens;      ///< what the model reads
  std::span<std::int32_t const> targets{};   ///< of each token; negative: nothing
  std::span<std::int32_t const> segments{};  ///< of each token
  std::span<std::int32_t const> source{};    ///< what the encoder reads, in encoder-decoder models
  int label = -1;                            ///< what the sequence is to be judged as; negative: nothing
  int prefix = 0;                            ///< tokens that all of the sequence see
  int blank = -1;                            ///< place within the prefix where the rest belongs; negative: none (GLM)
};

/// A batch that owns its columns: sequences of any lengths, one after the other.
struct ragged_batch {
  using ids = std::vector<std::int32_t>;  ///< a column, as `token_batch` has it

  ids tokens;            ///< what the model reads
  ids positions;         ///< place of each token in its sequence
  ids targets;           ///< what it is to foretell; negative: nothing
  ids segments;          ///< type of each token
  ids blocks;            ///< second position of each token
  ids source;            ///< what the encoder reads
  ids source_positions;  ///< place of each of these in its sequence
  ids prefixes;          ///< of each sequence: tokens that all of it see
  ids labels;            ///< of each sequence: what it is to be judged as; negative: nothing
  ids starts{0};         ///< row of the first token of each sequence, and one past the last
  ids source_starts{0};  ///< the same of the source

  /// How many sequences.
  [[nodiscard]] int sequences() const { return static_cast<int>(starts.size()) - 1; }

  /// Makes it empty; memory is kept.
  void clear() {
    for (auto* column :
         {&tokens, &positions, &targets, &segments, &blocks, &source, &source_positions, &prefixes, &labels})
      column->clear();
    starts.assign(1, 0);
    source_starts.assign(1, 0);
  }

  /// Appends a sequence.
  void add(batch_sequence const& s) {
    std::size_t const count = s.tokens.size();
    tokens.insert(tokens.end(), s.tokens.begin(), s.tokens.end());
    add_column(targets, s.targets, count, -1);
    add_column(segments, s.segments, count, 0);
    for (std::size_t i = 0; i < count; ++i) add_position(static_cast<int>(i), s);
    source.insert(source.end(), s.source.begin(), s.source.end());
    source_positions.resize(source.size());
    std::iota(source_positions.end() - static_cast<std::ptrdiff_t>(s.source.size()), source_positions.end(), 0);
    starts.push_back(static_cast<std::int32_t>(tokens.size()));
    source_starts.push_back(static_cast<std::int32_t>(source.size()));
    prefixes.push_back(s.prefix);
    labels.push_back(s.label);
  }

  /// A sequence of it; valid until the next change. Its blank is not told.
  [[nodiscard]] batch_sequence operator[](int sequence) const {
    auto const i = static_cast<std::size_t>(sequence);
    return {.tokens = part(tokens, starts, i),
            .targets = part(targets, starts, i),
            .segments = part(segments, starts, i),
            .source = part(source, source_starts, i),
            .label = labels[i],
            .prefix = prefixes[i]};
  }

  /// What a program reads; valid until the next change.
  operator token_batch() const {  // NOLINT(google-explicit-constructor): it is one
    return {.tokens = tokens.data(),
            .positions = positions.data(),
            .targets = targets.data(),
            .sequences = sequences(),
            .length = 0,
            .starts = starts.data(),
            .segments = segments.data(),
            .prefixes = prefixes.data(),
            .blocks = blocks.data(),
            .labels = labels.data(),
            .source = source.data(),
            .source_positions = source_positions.data(),
            .source_starts = source_starts.data(),
            .source_length = 0};
  }

  bool operator==(ragged_batch const&) const = default;

 private:
  static std::span<std::int32_t const> part(ids const& column, ids const& begins, std::size_t i) {
    return std::span(column).subspan(static_cast<std::size_t>(begins[i]),
                                     static_cast<std::size_t>(begins[i + 1] - begins[i]));
  }

  static void add_column(ids& to, std::span<std::int32_t const> from, std::size_t count, std::int32_t otherwise) {
    to.insert(to.end(), from.begin(), from.end());
    to.resize(to.size() + count - from.size(), otherwise);
  }

  // After a prefix with a blank, tokens stand at the blank, and their second position counts from 1.
  void add_position(int index, batch_sequence const& s) {
    bool const answers = s.blank >= 0 && index >= s.prefix;
    positions.push_back(answers ? s.blank : index);
    blocks.push_back(answers ? index - s.prefix + 1 : 0);
  }
};

}  // namespace constformer
