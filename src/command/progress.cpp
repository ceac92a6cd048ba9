#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace constformer::command {

progress::progress() : visible_(isatty(STDERR_FILENO) == 1) {}

void progress::step(std::string_view what) {
  done();
  if (!visible_) return;
  std::fprintf(stderr, "%-40.*s", static_cast<int>(what.size()), what.data());
  std::fflush(stderr);
  open_ = true;
  start_ = clock::now();
}

void progress::done() {
  if (!open_) return;
  std::chrono::duration<double> const seconds = clock::now() - start_;
  std::fprintf(stderr, " %6.2f s\n", seconds.count());
  open_ = false;
}

}  // namespace constformer::command
