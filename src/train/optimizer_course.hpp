#pragma once

#include <cstdint>
#include <vector>

#include "constformer/train/learner.hpp"
#include "settings.hpp"

namespace constformer::train {

/// The rate of matrices at its highest, scaled as the settings say.
[[nodiscard]] double highest_rate(learner_facts const& facts, run_settings const& settings);

/// The rate of matrices at a step, which counts from 0.
[[nodiscard]] double rate_of(learner_facts const& facts, run_settings const& settings, std::int64_t step);

/// The numbers of a learner's optimizers as a run wants them, from step to step.
class optimizer_course {
 public:
  /// Sets those that stay.
  optimizer_course(learner& model, learner_facts const& facts, run_settings const& settings);

  /// Sets momentum and decay of a step, which counts from 0; returns its rate.
  double begin(std::int64_t step);
  /// The rate of a step.
  [[nodiscard]] double rate(std::int64_t step) const { return rate_of(facts_, s_, step); }

 private:
  struct scheduled {
    optimizer_knob knob;
    double value;  ///< in the middle of its course
  };

  void set_rate(optimizer_knob const& knob) const;

  learner_facts const& facts_;
  run_settings const& s_;
  std::vector<scheduled> momenta_, decays_;
};

}  // namespace constformer::train
