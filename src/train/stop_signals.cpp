#include "stop_signals.hpp"

#include <csignal>
#include <initializer_list>

namespace constformer::train {

namespace {

std::sig_atomic_t volatile caught = 0;

extern "C" void on_stop(int signal) { caught = signal; }

}  // namespace

void catch_stop_signals() {
  struct sigaction action{};
  action.sa_handler = on_stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (int const signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

int stop_signal() { return caught; }

}  // namespace constformer::train
