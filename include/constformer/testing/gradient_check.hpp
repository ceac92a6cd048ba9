#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "constformer/core/text.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace constformer::testing {

/// How a gradient check goes about it.
struct gradient_check {
  int trials = 6;       ///< values looked at of every tensor
  float step = 1e-2F;   ///< of the central difference, (loss(x + step) − loss(x − step)) / (2·step)
  float least = 3e-4F;  ///< gap that single precision leaves anyhow
  unsigned seed = 11;   ///< which values are looked at
};

/// What a gradient check found of one parameter, over all of its layers.
struct gradient_gap {
  parameter_name name;   ///< as `parameter_table` has it
  float gap = 0.0F;      ///< the largest between a gradient and the slope of the loss
  float largest = 0.0F;  ///< of all its gradients
  int compared = 0;      ///< values with a slope: where routing changes between two points, there is none

  /// Whether the gap is below `share` of the largest gradient, and of what single precision leaves.
  [[nodiscard]] bool fits(float share = 0.01F, float least = 2e-4F) const {
    return largest > 0.0F && gap < share * largest + least;
  }
};

namespace detail {

/// The slope of the loss at `x`.
template <class Trainer>
float slope_at(Trainer& trainer, token_batch const& batch, float& x, float step) {
  float const kept = x;
  x = kept + step;
  double const above = trainer.accumulate(batch);
  x = kept - step;
  double const below = trainer.accumulate(batch);
  x = kept;
  return static_cast<float>((above - below) / (2.0 * static_cast<double>(step)));
}

}  // namespace detail

/// Compares gradients of every parameter with central differences of the loss. The trainer must not have accumulated
/// anything since its last update; afterwards its gradients are of no use. Parameters should be away from 0, and scales
/// away from 1: what is 0 hides mistakes.
template <class Trainer>
[[nodiscard]] std::vector<gradient_gap> check_gradients(Trainer& trainer, token_batch const& batch,
                                                        gradient_check const& how = {}) {
  auto const& table = parameter_table<typename Trainer::model>;
  trainer.accumulate(batch);
  std::vector<std::vector<float>> gradients;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer) {
      auto const g = trainer.gradient(i, layer);
      gradients.emplace_back(g.begin(), g.end());
    }
  std::mt19937 random(how.seed);
  std::vector<gradient_gap> out;
  std::size_t tensor = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    gradient_gap found{.name = table[i].name};
    for (std::size_t k = tensor; k < tensor + static_cast<std::size_t>(table[i].layers); ++k)
      for (float g : gradients[k]) found.largest = std::max(found.largest, std::abs(g));
    for (int layer = 0; layer < table[i].layers; ++layer, ++tensor)
      for (int trial = 0; trial < how.trials; ++trial) {
        if (gradients[tensor].empty()) continue;  // it does not learn
        std::size_t const at = random() % gradients[tensor].size();
        float& x = trainer.parameter(i, layer)[at];
        float const wide = detail::slope_at(trainer, batch, x, how.step);
        float const narrow = detail::slope_at(trainer, batch, x, 0.4F * how.step);
        if (std::abs(wide - narrow) > 0.01F * found.largest + how.least) continue;
        ++found.compared;
        found.gap = std::max(found.gap, std::abs(wide - gradients[tensor][at]));
      }
    out.push_back(found);
  }
  return out;
}

}  // namespace constformer::testing
