#pragma once

#include <sched.h>
#include <sys/types.h>

namespace constformer {

/// Where a sleeping thread may run once it is woken. Linux often puts a thread on the processor of its waker: two that
/// meet at barriers then take turns there for a whole pass, 7 ms instead of 1, while another processor is idle
/// (Linux 6.18, two processors).
class placement {
 public:
  /// Before `thread` is woken by the caller: not on the processor that the caller runs on, if it may use another.
  void keep_off_waker(pid_t thread) {
    if (sched_getaffinity(thread, sizeof allowed_, &allowed_) != 0) return;
    int const here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || CPU_COUNT(&allowed_) < 2 || !CPU_ISSET(here, &allowed_)) return;
    cpu_set_t others = allowed_;
    CPU_CLR(here, &others);
    kept_off_ = sched_setaffinity(thread, sizeof others, &others) == 0;
  }

  /// By the thread that was woken: it may run anywhere again.
  void allow_all() {
    if (kept_off_) sched_setaffinity(0, sizeof allowed_, &allowed_);
    kept_off_ = false;
  }

 private:
  cpu_set_t allowed_{};
  bool kept_off_ = false;
};

}  // namespace constformer
