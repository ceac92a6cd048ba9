#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace constformer::command {

/// What a finished program printed (stdout and stderr together) and how it ended.
struct process_result {
  int exit_code = 0;
  std::string output;
};

/// A program that runs beside this one. Its standard input is empty.
class process {
 public:
  /// Starts `arguments[0]`, looked for as the shell would, in `folder`. Throws `error` if it cannot be run.
  process(std::vector<std::string> const& arguments, std::filesystem::path const& folder);

  /// Ends the program, and what it started, if nobody waited for it; returns when all of them are gone.
  ~process();
  process(process const&) = delete;
  process& operator=(process const&) = delete;

  /// Reads its output to the end and waits for it. Throws `error` if a signal ended it, or was sent to this program.
  process_result wait();

 private:
  std::string name_;
  int pid_ = -1;
  int output_ = -1;
};

/// From here on SIGINT, SIGTERM and SIGHUP make `process::wait` throw, so that unfinished files are removed on the way
/// out.
void catch_interrupts();

/// Throws `error` if such a signal came.
void throw_if_interrupted();

/// `arguments` as one would type them into a shell.
[[nodiscard]] std::string shell_line(std::vector<std::string> const& arguments);

}  // namespace constformer::command
