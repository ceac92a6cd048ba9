#pragma once

#include <algorithm>
#include <cstdint>

namespace constformer {

/// Sequences one after the other, each column a value for each of their rows. Sequences of different lengths need no
/// padding: `starts` says where each begins. Columns that a model does not read may be null.
struct token_batch {
  std::int32_t const* tokens = nullptr;     ///< what the model reads
  std::int32_t const* positions = nullptr;  ///< place of each token in its sequence, from 0
  std::int32_t const* targets = nullptr;    ///< what it is to foretell; negative: nothing
  int sequences = 0;                        ///< how many
  int length = 0;                           ///< tokens of each, if they are of one length

  std::int32_t const* starts = nullptr;    ///< (sequences + 1): row of the first token of each; null: equal lengths
  std::int32_t const* segments = nullptr;  ///< type of each token (BERT)
  std::int32_t const* prefixes = nullptr;  ///< (sequences): tokens that all of a sequence see (GLM)
  std::int32_t const* blocks = nullptr;    ///< second position of each token (ChatGLM-6B)
  std::int32_t const* labels = nullptr;    ///< (sequences): what each is to be judged as; negative: nothing
  std::int32_t const* source = nullptr;    ///< tokens that the encoder reads
  std::int32_t const* source_positions = nullptr;  ///< place of each of these in its sequence
  std::int32_t const* source_starts = nullptr;     ///< as `starts`, of the source
  int source_length = 0;                           ///< as `length`, of the source
  std::int32_t const* wanted = nullptr;            ///< (wanted_rows): rows whose results are asked for
  int wanted_rows = 0;                             ///< how many, in passes that compute these alone

  /// Row of the first token of a sequence; of `sequences`, one past the last token.
  [[nodiscard]] constexpr int start(int sequence) const {
    return starts == nullptr ? sequence * length : starts[sequence];
  }
  /// The same of the source.
  [[nodiscard]] constexpr int source_start(int sequence) const {
    return source_starts == nullptr ? sequence * source_length : source_starts[sequence];
  }
  /// Tokens of all sequences.
  [[nodiscard]] constexpr int rows() const { return start(sequences); }
  /// Tokens of all sources.
  [[nodiscard]] constexpr int source_rows() const { return source_start(sequences); }
  /// Rows of the longest sequence or source.
  [[nodiscard]] constexpr int longest() const {
    int most = 0;
    for (int i = 0; i < sequences; ++i)
      most = std::max({most, start(i + 1) - start(i), source_start(i + 1) - source_start(i)});
    return most;
  }
};

}  // namespace constformer
