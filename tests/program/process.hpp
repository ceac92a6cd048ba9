#pragma once

#include <string>
#include <vector>

/// What a program left behind.
struct outcome {
  int status = 0;  // exit status; negative: the signal that ended it
  std::string out;
  std::string err;
};

struct process_options {
  std::string input;                     // on standard input
  std::vector<std::string> environment;  // NAME=value, added to ours
  std::string output_to;                 // a path instead of a pipe, for standard output
  bool closed_output = false;            // a pipe that nobody reads
};

/// Runs a program and waits for it.
outcome run_process(std::vector<std::string> const& arguments, process_options const& options = {});
