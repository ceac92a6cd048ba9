#pragma once

namespace constformer {

/// AdamW (arXiv:1711.05101) as torch has it; with `decay` 0 it is Adam.
struct adamw_options {
  double beta1 = 0.9;    ///< of the mean
  double beta2 = 0.999;  ///< of the mean square
  double eps = 1e-8;     ///< added to its root
  double decay = 0.01;   ///< weights shrink by decay·rate first
  double rate = 1.0;     ///< times that of the schedule
};

}  // namespace constformer
