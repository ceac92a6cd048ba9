#pragma once

#include <chrono>
#include <string_view>

namespace constformer::command {

/// Tells on standard error what is being done, if that is a terminal; in a pipe it is silent.
class progress {
 public:
  progress();

  /// Ends the step before, with its time, and begins the next.
  void step(std::string_view what);

  /// Ends the last step.
  void done();

 private:
  using clock = std::chrono::steady_clock;
  bool visible_;
  bool open_ = false;
  clock::time_point start_;
};

}  // namespace constformer::command
