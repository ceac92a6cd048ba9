#pragma once

#include <cmath>
#include <numbers>

/// Learning rates by step, which counts from 0.
namespace constformer {

/// Linear warm-up, then half a cosine, then a constant (nanoGPT; llama2.c with `warm_from_zero`).
struct cosine_schedule {
  double rate = 1e-3;           ///< after the warm-up
  double least = 0.0;           ///< at the end of the cosine, and after it
  int warmup = 0;               ///< steps
  int steps = 1;                ///< at whose end the cosine is
  bool warm_from_zero = false;  ///< step 0 has a rate of 0: step/warmup instead of (step + 1)/(warmup + 1)

  /// The rate of a step.
  [[nodiscard]] double at(int step) const {
    if (step < warmup) return warm_from_zero ? rate * step / warmup : rate * (step + 1) / (warmup + 1);
    if (step > steps) return least;
    double const done = static_cast<double>(step - warmup) / (steps - warmup);
    return least + 0.5 * (1.0 + std::cos(std::numbers::pi * done)) * (rate - least);
  }
};

/// Linear warm-up, a constant, then a line down to `least`·rate (nanochat).
struct trapezoid_schedule {
  double rate = 1e-3;   ///< of the constant part
  double least = 0.05;  ///< of it, at the last step
  int warmup = 40;      ///< steps
  int warmdown = 0;     ///< steps
  int steps = 1;        ///< all

  /// The rate of a step.
  [[nodiscard]] double at(int step) const {
    if (step < warmup) return rate * (step + 1) / warmup;
    if (step <= steps - warmdown) return rate;
    double const left = static_cast<double>(steps - step) / warmdown;
    return rate * (left + (1.0 - left) * least);
  }
};

/// Linear warm-up that meets a line from `rate` at step 0 to 0 at the end, which it does not shift (BERT).
struct linear_schedule {
  double rate = 1e-4;  ///< what the line begins with
  int warmup = 0;      ///< steps
  int steps = 1;       ///< all

  /// The rate of a step.
  [[nodiscard]] double at(int step) const {
    if (step < warmup) return rate * step / warmup;
    return step >= steps ? 0.0 : rate * (1.0 - static_cast<double>(step) / steps);
  }
};

}  // namespace constformer
