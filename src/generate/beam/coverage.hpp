#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace constformer::detail {

/// How much of its attention each beam has given to each token of the source. Takes all memory when it is made.
class source_coverage {
 public:
  /// For sources of at most `longest` tokens.
  source_coverage(int beams, std::size_t longest)
      : longest_(longest), sums_(static_cast<std::size_t>(beams) * longest), others_(sums_.size()) {}

  /// One text of which nothing has been attended to yet.
  void begin(std::size_t source_tokens) {
    tokens_ = source_tokens;
    std::ranges::fill(sums_, 0.0F);
  }

  /// Beam i goes on from what parents[i] was.
  void fork(std::span<int const> parents) {
    for (std::size_t i = 0; i < parents.size(); ++i) std::ranges::copy(of(sums_, parents[i]), of(others_, i).begin());
    std::swap(sums_, others_);
  }

  /// One more token of a beam, and what it attends to.
  void add(std::size_t beam, std::span<float const> attention) {
    auto const sums = of(sums_, beam);
    for (std::size_t i = 0; i < tokens_; ++i) sums[i] += attention[i];
  }

  /// Σ log min(sum, 1) of a beam; tokens that get nothing at all are left out, as CTranslate2 does.
  [[nodiscard]] float log_sum(std::size_t beam) {
    auto const sums = of(sums_, beam);
    return std::accumulate(sums.begin(), sums.end(), 0.0F,
                           [](float sum, float x) { return x > 0 ? sum + std::log(std::min(x, 1.0F)) : sum; });
  }

 private:
  template <class Beam>
  [[nodiscard]] std::span<float> of(std::vector<float>& table, Beam beam) const {
    return std::span(table).subspan(static_cast<std::size_t>(beam) * longest_, tokens_);
  }

  std::size_t longest_;
  std::size_t tokens_ = 0;
  std::vector<float> sums_;    // (beams, longest)
  std::vector<float> others_;  // the next ones while forking
};

}  // namespace constformer::detail
