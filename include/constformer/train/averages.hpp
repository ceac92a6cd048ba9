#pragma once

/// What the parameters at hand weigh in an average over time, as `trainer::average` takes it.
namespace constformer {

/// An exponential one (torch's AveragedModel with get_ema_multi_avg_fn). The first of `count` − 0, 1, 2 … averaged so
/// far − is taken as it is.
[[nodiscard]] constexpr double ema_weight(double decay, int count) { return count == 0 ? 1.0 : 1.0 - decay; }

/// The mean of all (stochastic weight averaging, arXiv:1803.05407) once `count` have been averaged.
[[nodiscard]] constexpr double mean_weight(int count) { return 1.0 / (count + 1); }

}  // namespace constformer
