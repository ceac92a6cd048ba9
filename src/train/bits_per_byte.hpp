#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "constformer/execute/ragged_batch.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/train/learner.hpp"

namespace constformer::train {

/// How many bytes of text each id stands for; 0: it is special.
[[nodiscard]] std::vector<int> bytes_of_tokens(tokenizer const& tokens);

/// Bits that a model needs for a byte of text, as nanochat's evaluate_bpb counts them: what special tokens cost is in
/// neither sum. Unlike a loss, figures of other vocabularies compare.
class bits_per_byte {
 public:
  /// `bytes` by id, of as many ids as the vocabulary has.
  explicit bits_per_byte(std::vector<int> bytes) : bytes_(std::move(bytes)) {}

  /// Counts a batch whose mean loss is known. Where it has special tokens for targets, it is evaluated once more
  /// without them.
  void add(learner& model, ragged_batch const& batch, double loss);

  /// Of all batches; none if they have no bytes.
  [[nodiscard]] std::optional<double> value() const;

 private:
  std::vector<int> bytes_;
  double nats_ = 0.0;
  std::int64_t counted_ = 0;
};

}  // namespace constformer::train
