#pragma once

#include <cmath>
#include <numbers>

/// Learning rates, momentum and decay by step, which counts from 0.
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

/// The trapezoid of what does not know its number of steps (nanochat's fine-tuning): by the share of the data that has
/// been seen.
struct share_schedule {
  double rate = 1e-3;     ///< of the constant part
  double least = 0.0;     ///< of it, at the end
  double warmup = 0.0;    ///< share
  double warmdown = 0.5;  ///< share

  /// The rate once `done`, in [0, 1], has been seen.
  [[nodiscard]] double at(double done) const {
    if (done < warmup) return rate * (done + 1e-8) / warmup;
    if (done <= 1.0 - warmdown) return rate;
    double const down = (done - (1.0 - warmdown)) / warmdown;
    return rate * (1.0 - down + down * least);
  }
};

/// Half cosines from `rate` down to `least`, each after the one before (SGDR, arXiv:1608.03983), as AllenNLP has them:
/// the second step is the third of its cosine, since it counts the first one twice.
struct restarts_schedule {
  double rate = 1e-3;   ///< at each start
  double least = 0.0;   ///< at each end
  int length = 1;       ///< steps of the first cosine
  double growth = 1.0;  ///< each is this times longer than the one before

  /// The rate of a step.
  [[nodiscard]] double at(int step) const {
    if (step == 0) return rate;
    int start = 0, all = length;
    double factor = 1.0;
    while (step + 1 > start + all) {
      start += all;
      factor *= growth;
      all = static_cast<int>(factor * length);
      if (all < 1) all = 1;
    }
    double const done = static_cast<double>((step + 1 - start) % all) / all;
    return least + (rate - least) / 2.0 * (std::cos(std::numbers::pi * done) + 1.0);
  }
};

/// A line up, a constant, a line down: nanochat's momentum of Muon.
struct momentum_schedule {
  double first = 0.85;  ///< at step 0
  double most = 0.97;   ///< after the warm-up
  double last = 0.90;   ///< at the end
  int warmup = 400;     ///< steps
  int warmdown = 0;     ///< steps; 0: it stays
  int steps = 1;        ///< all

  /// The momentum of a step.
  [[nodiscard]] double at(int step) const {
    if (step < warmup) {
      double const done = static_cast<double>(step) / warmup;
      return (1.0 - done) * first + done * most;
    }
    if (warmdown == 0 || step < steps - warmdown) return most;
    double const done = static_cast<double>(step - (steps - warmdown)) / warmdown;
    return most * (1.0 - done) + last * done;
  }
};

/// Half a cosine down to 0: nanochat's decay of matrices. Before March 2026 it was a line, `linear_schedule` without
/// warm-up.
struct cosine_decay {
  double decay = 0.28;  ///< at step 0
  int steps = 1;        ///< all

  /// The decay of a step.
  [[nodiscard]] double at(int step) const { return decay * 0.5 * (1.0 + std::cos(std::numbers::pi * step / steps)); }
};

/// Linear warm-up that meets a line from `rate` at step 0 to 0 at the end, which it does not shift (BERT;
/// without warm-up, nanochat's reinforcement learning).
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
