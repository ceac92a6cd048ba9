#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace constformer::detail {

/// One more token of one beam, and the sum of log p that the beam would have.
struct beam_candidate {
  float score;
  int beam;
  int id;
};

/// Whether what rules leave shares what they take from the others: rules work on log-probabilities as they are (no), as
/// they are made to sum to one again (after), or on the logits (before).
enum class renormalise { no, before, after };

/// Log-probabilities of the next token of every beam, (beams, vocab), with the scores of the beams added.
class beam_scores {
 public:
  beam_scores(int beams, int vocab)
      : vocab_(static_cast<std::size_t>(vocab)), table_(static_cast<std::size_t>(beams) * vocab_) {}

  /// Takes a beam's logits, of which NaN count as −∞, makes them log-probabilities and adds `score`. `rules` change the
  /// row (vocab) of logits or log-probabilities.
  void set(int beam, std::span<float const> logits, float score, renormalise when,
           std::function<void(std::span<float>)> const& rules);

  /// The best candidates of all beams, best first: as many as fit into `out`, which must not be more than there are. Of
  /// equal ones the lower beam, then the lower id, comes first.
  void best(std::span<beam_candidate> out) const;

  /// The best candidates of one beam.
  void best_of(int beam, std::span<beam_candidate> out) const;

  [[nodiscard]] std::size_t size() const { return table_.size(); }

 private:
  [[nodiscard]] std::span<float> row(int beam) {
    return std::span(table_).subspan(static_cast<std::size_t>(beam) * vocab_, vocab_);
  }
  void pick(std::size_t first, std::size_t count, std::span<beam_candidate> out) const;

  std::size_t vocab_;
  std::vector<float> table_;
};

}  // namespace constformer::detail
