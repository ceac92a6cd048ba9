#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace constformer::train {

/// What a run comes to at a moment.
struct run_pace {
  std::int64_t step = 0;
  std::int64_t steps = 0;  ///< all
  double loss = 0.0;       ///< of the last step
  double rate = 0.0;       ///< learning rate
  double tokens_per_second = 0.0;
  double bits_per_byte = 0.0;  ///< of the last evaluation; 0: not known
  double share_of_peak = 0.0;  ///< of the processor's multiply-adds
  double seconds_left = 0.0;
};

/// One line on standard error that is written over and over, if that is a terminal; elsewhere nothing.
class progress_line {
 public:
  progress_line();
  ~progress_line();
  progress_line(progress_line const&) = delete;
  progress_line& operator=(progress_line const&) = delete;

  /// Shows where the run is, at most ten times a second.
  void show(run_pace const& pace);
  /// Takes the line away, so that others can be written.
  void clear();

 private:
  bool visible_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_{};
};

/// "3 s", "4 min 05 s", "2 h 10 min".
[[nodiscard]] std::string time_text(double seconds);

}  // namespace constformer::train
