#pragma once

#include <memory>
#include <string>
#include <vector>

#include "constformer/data/training_data.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/train/learner.hpp"
#include "run_log.hpp"
#include "settings.hpp"
#include "training_state.hpp"

namespace constformer::train {

/// What is asked of a model between its steps.
class evaluation {
 public:
  /// `text` may be null; all must outlive the object.
  evaluation(learner& model, learner_facts const& facts, run_settings const& settings, tokenizer const* text,
             training_data const& data);

  /// Fills in losses, what else the task has a figure for, and a sample. Random blocks are drawn anew for both losses,
  /// as nanoGPT's estimate_loss does. Data in order is not used up for that: then training's loss is that of the steps
  /// since, and validation begins anew each time.
  void run(run_position& at, log_entry& into);

 private:
  [[nodiscard]] bool draws_random_blocks() const;
  [[nodiscard]] bool fills_masks() const { return settings_.data.kind == data_kind::masked; }
  double mean_loss(batch_source& source);
  void validate(bool random, log_entry& into);
  double masked_accuracy(batch_source& source);
  std::string sample(run_position const& at);

  learner& model_;
  learner_facts const& facts_;
  run_settings const& settings_;
  tokenizer const* text_;
  training_data const& data_;
  std::vector<int> bytes_;  // by id; empty: not counted
};

}  // namespace constformer::train
