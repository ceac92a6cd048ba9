#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace constformer::train {

/// One line of log.jsonl: a step, or an evaluation before that step.
struct log_entry {
  std::int64_t step = 0;
  double loss = 0.0;                      ///< of the step's batches; evaluations: over training data
  std::optional<double> validation{};     ///< evaluations: over validation data
  std::optional<double> bits_per_byte{};  ///< evaluations of decoders with a tokenizer: over validation data
  std::optional<double> accuracy{};       ///< evaluations of masked tokens: share that is foretold
  bool evaluation = false;
  double rate = 0.0;               ///< learning rate
  double norm = 0.0;               ///< of the gradient; steps alone
  double tokens_per_second = 0.0;  ///< steps alone
  double seconds = 0.0;            ///< since the run began or went on
  std::string sample{};            ///< evaluations: text that the model wrote
};

/// log.jsonl in a folder: grows by whole lines.
class run_log {
 public:
  /// Begins an empty one, or keeps those lines of an old one that stand before a run which goes on at `step`;
  /// `evaluated` says that the evaluation of that step is among them.
  run_log(std::filesystem::path const& folder, std::int64_t step, bool evaluated);

  /// Appends a line. Throws `error` if it cannot be written.
  void add(log_entry entry);

  /// All lines.
  [[nodiscard]] std::vector<log_entry> const& entries() const { return entries_; }

 private:
  std::filesystem::path file_;
  std::vector<log_entry> entries_;
};

}  // namespace constformer::train
