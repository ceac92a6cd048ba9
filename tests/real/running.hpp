#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Programs run from tests, with what a shell script would need several tools for: another user, another root folder, a
/// signal after some time, seconds and memory.
namespace end_to_end {

struct run_options {
  std::string input{};                     // on standard input
  std::vector<std::string> environment{};  // NAME=value, instead of ours of that name
  std::filesystem::path folder{};          // where it runs; empty: here
  std::filesystem::path root{};            // its root folder; needs the rights of root
  int user = 0;                            // the user it runs as, 0: ours
  int signal = 0;                          // sent to it after `signal_after` seconds
  double signal_after = 0;
  bool signal_children = false;  // the signal also goes to what it started, as from a terminal
  bool watch_memory = false;     // fill in `peak_bytes`
};

struct finished {
  int status = 0;  // exit status; negative: the signal that ended it
  std::string out;
  std::string err;
  double seconds = 0;      // by the clock
  double cpu_seconds = 0;  // of all its processes together
  long peak_bytes = 0;     // resident, of all its processes together, looked at every few milliseconds
};

/// Runs `arguments[0]` (a path, or a name to be looked for in PATH) and waits for it.
finished run(std::vector<std::string> const& arguments, run_options const& options = {});

/// The same; the test fails unless it ends with status 0. Returns what it printed on standard output.
std::string output_of(std::vector<std::string> const& arguments, run_options const& options = {});

bool is_root();

/// The user "nobody" of every Unix.
inline constexpr int nobody = 65534;

}  // namespace end_to_end
