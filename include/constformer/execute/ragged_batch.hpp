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
class ragged_batch {
 public:
  /// Makes it empty; memory is kept.
  void clear() {
    for (auto* column :
         {&tokens_, &positions_, &targets_, &segments_, &blocks_, &source_, &source_positions_, &prefixes_, &labels_})
      column->clear();
    starts_.assign(1, 0);
    source_starts_.assign(1, 0);
  }

  /// Appends a sequence.
  void add(batch_sequence const& s) {
    std::size_t const count = s.tokens.size();
    tokens_.insert(tokens_.end(), s.tokens.begin(), s.tokens.end());
    add_column(targets_, s.targets, count, -1);
    add_column(segments_, s.segments, count, 0);
    for (std::size_t i = 0; i < count; ++i) add_position(static_cast<int>(i), s);
    source_.insert(source_.end(), s.source.begin(), s.source.end());
    source_positions_.resize(source_.size());
    std::iota(source_positions_.end() - static_cast<std::ptrdiff_t>(s.source.size()), source_positions_.end(), 0);
    starts_.push_back(static_cast<std::int32_t>(tokens_.size()));
    source_starts_.push_back(static_cast<std::int32_t>(source_.size()));
    prefixes_.push_back(s.prefix);
    labels_.push_back(s.label);
  }

  /// What a program reads; valid until the next change.
  operator token_batch() const {  // NOLINT(google-explicit-constructor): it is one
    return {.tokens = tokens_.data(),
            .positions = positions_.data(),
            .targets = targets_.data(),
            .sequences = static_cast<int>(starts_.size()) - 1,
            .length = 0,
            .starts = starts_.data(),
            .segments = segments_.data(),
            .prefixes = prefixes_.data(),
            .blocks = blocks_.data(),
            .labels = labels_.data(),
            .source = source_.data(),
            .source_positions = source_positions_.data(),
            .source_starts = source_starts_.data(),
            .source_length = 0};
  }

 private:
  using ids = std::vector<std::int32_t>;

  static void add_column(ids& to, std::span<std::int32_t const> from, std::size_t count, std::int32_t otherwise) {
    to.insert(to.end(), from.begin(), from.end());
    to.resize(to.size() + count - from.size(), otherwise);
  }

  // After a prefix with a blank, tokens stand at the blank, and their second position counts from 1.
  void add_position(int index, batch_sequence const& s) {
    bool const answers = s.blank >= 0 && index >= s.prefix;
    positions_.push_back(answers ? s.blank : index);
    blocks_.push_back(answers ? index - s.prefix + 1 : 0);
  }

  ids tokens_, positions_, targets_, segments_, blocks_, source_, source_positions_, prefixes_, labels_;
  ids starts_{0}, source_starts_{0};
};

}  // namespace constformer
