#pragma once

#include <cstdint>
#include <vector>

#include "constformer/train/learner.hpp"
#include "settings.hpp"

namespace constformer::train {

/// The numbers of a learner's optimizers as a run wants them, from step to step.
class optimizer_course {
 public:
  /// Sets those that stay.
  optimizer_course(learner& model, learner_facts const& facts, run_settings const& settings);

  /// Sets momentum and decay of a step, which counts from 0; returns its rate.
  double begin(std::int64_t step);
  /// The rate of a step.
  [[nodiscard]] double rate(std::int64_t step) const;

 private:
  struct scheduled {
    optimizer_knob knob;
    double value;  ///< in the middle of its course
  };

  void set_rate(optimizer_knob const& knob, learner_facts const& facts);

  run_settings const& s_;
  double scale_ = 1.0;  // of rates
  std::vector<scheduled> momenta_, decays_;
};

}  // namespace constformer::train
