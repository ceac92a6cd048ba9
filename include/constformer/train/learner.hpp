#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/config/config.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/passes/plan_memory.hpp"
#include "constformer/train/progress.hpp"

/// A compiled trainer as the code around it sees it, which is compiled once and knows no shape.
namespace constformer {

/// What is known of a trainer before it is made.
struct learner_facts {
  std::string_view name;                        ///< of the model
  config const* model = nullptr;                ///< null: a traced model that no `config` describes
  std::span<parameter_entry const> entries{};   ///< its parameter table
  std::int64_t parameters = 0;                  ///< values of all of them
  std::int64_t trained = 0;                     ///< of those that learn
  parameter_filter const* trains = nullptr;     ///< which these are; null: all
  batch_bounds bounds{};                        ///< of a batch
  int vocab = 0;                                ///< ids that it foretells; 0: it foretells none
  std::int64_t flops = 0;                       ///< of a whole batch, forward and backward
  std::size_t (*bytes)(int threads) = nullptr;  ///< that it takes, all of them when it is made
};

/// A number of a group's optimizer, to be changed between updates: `beta1`, `decay`, `momentum` …
struct optimizer_knob {
  std::string_view group;  ///< its name
  std::string_view name;   ///< of the option
  double* value;           ///< where it is
};

/// How many targets of tokens a model foretells: theirs is the likeliest id.
struct foretold {
  std::int64_t right = 0;  ///< so many
  std::int64_t all = 0;    ///< of these
};

/// Parameters that learn from batches. Not safe to share between threads; it has some of its own.
class learner {
 public:
  virtual ~learner() = default;
  learner(learner const&) = delete;
  learner& operator=(learner const&) = delete;

  /// The values of a parameter, by entry of the table and layer, row by row.
  [[nodiscard]] virtual std::span<float> parameter(int entry, int layer) = 0;
  /// Its gradient of the batches since the last update.
  [[nodiscard]] virtual std::span<float const> gradient(int entry, int layer) = 0;
  /// What the optimizers remember of each.
  [[nodiscard]] virtual std::vector<optimizer_state> states() = 0;
  /// What they can be told.
  [[nodiscard]] virtual std::vector<optimizer_knob> knobs() = 0;

  /// What is counted, between updates.
  [[nodiscard]] virtual training_progress progress() const = 0;
  /// Goes on from there.
  virtual void resume(training_progress const& at) = 0;

  /// How batches between two updates count, until it is said otherwise.
  virtual void count_by(accumulation counts) = 0;
  /// The mean loss of a batch; its gradients are added to those since the last update. A batch without any target is
  /// not counted: 0.
  virtual double accumulate(token_batch const& batch) = 0;
  /// Moves the parameters by the mean of those gradients, whose norm is cut to `clip` (0: not cut). Returns the norm
  /// before; if it is not finite, nothing is moved.
  virtual double update(double rate, double clip) = 0;
  /// average += weight·(parameters − average), which begins as they are (train/averages.hpp).
  virtual void average(double weight) = 0;
  /// The average of a parameter, as `parameter`; empty before the first call of `average`.
  [[nodiscard]] virtual std::span<float> averaged(int entry, int layer) = 0;
  /// Parameters and their average change places, if there is one.
  virtual void exchange_average() = 0;
  /// The mean loss of a batch alone, without dropout.
  virtual double evaluate(token_batch const& batch) = 0;
  /// Logits of what follows the last token of a batch; valid until the next call. Empty if the model foretells no
  /// tokens.
  virtual std::span<float const> foretell(token_batch const& batch) = 0;
  /// How many of the targets of a batch are foretold.
  virtual foretold count_foretold(token_batch const& batch) = 0;

 protected:
  learner() = default;
};

/// A trainer that is linked to the program.
struct learner_unit {
  learner_facts facts;                                      ///< before it is made
  std::unique_ptr<learner> (*make)(int threads) = nullptr;  ///< parameters are 0
  double (*peak)(int threads, double seconds) = nullptr;    ///< FLOP/s of multiply-adds at best, measured for so long
};

/// The one that this program was compiled for.
[[nodiscard]] learner_unit const& linked_learner();

}  // namespace constformer
