#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "hwy/cache_control.h"
#include "hwy/contrib/thread_pool/futex.h"
#include "hwy/contrib/thread_pool/thread_pool.h"

namespace constformer {

/// Half-open range of work.
struct work_range {
  int begin;  ///< the first item
  int end;    ///< one past the last; begin if there is nothing to do
};

/// A barrier that spins: phases of a forward pass are microseconds apart. After a while it sleeps, for machines with
/// more workers than free cores.
class spin_barrier {
 public:
  /// A barrier for `count` threads.
  explicit spin_barrier(int count) : count_(count) {}

  /// Returns once `count` threads have called it; what they wrote before is then seen by all. May be used again at
  /// once.
  void wait() {
    if (count_ == 1) return;
    std::uint32_t const phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.store(phase + 1);
      if (sleepers_.load() > 0) hwy::WakeAll(phase_);
      return;
    }
    for (int spins = 0; spins < most_spins; ++spins) {
      if (phase_.load(std::memory_order_acquire) != phase) return;
      hwy::Pause();
    }
    // Announced before the kernel compares the phase, and looked for after the phase was changed: no wake is missed.
    sleepers_.fetch_add(1);
    hwy::BlockUntilDifferent(phase, phase_);
    sleepers_.fetch_sub(1);
  }

 private:
  static constexpr int most_spins = 4096;  // tens of microseconds: longer than a phase of a small model is uneven

  int const count_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
  std::atomic<int> sleepers_{0};
};

/// One of the threads that run a forward pass together: all run the same code, each on its share.
struct worker {
  int index;              ///< in [0, count)
  int count;              ///< workers of the team
  spin_barrier* barrier;  ///< shared by the team, never null

  /// Returns once every worker has called it.
  void sync() const { barrier->wait(); }

  /// This worker's share of [0, size), a multiple of `unit` but for the last: a fixed split, so that results do not
  /// depend on timing.
  [[nodiscard]] work_range share(int size, int unit = 1) const {
    std::int64_t const units = (size + unit - 1) / unit;
    auto const bound = [&](std::int64_t i) {
      std::int64_t const at = units * i / count * unit;
      return static_cast<int>(at < size ? at : size);
    };
    return {bound(index), bound(index + 1)};
  }
};

/// Threads that wake once per forward pass, by Highway's pool; within it they meet at barriers.
class team {
 public:
  /// Starts threads - 1 threads; the caller of `run` is the last worker.
  explicit team(int threads)
      : pool_(static_cast<std::size_t>(threads)), barrier_(static_cast<int>(pool_.NumWorkers())) {}

  /// Workers, the caller of `run` included.
  [[nodiscard]] int size() const { return static_cast<int>(pool_.NumWorkers()); }

  /// Runs `body(worker const&)` on every worker at once; returns when all have.
  template <class Body>
  void run(Body const& body) {
    // As many tasks as workers: the pool gives each worker exactly its own, so that barriers inside are safe.
    pool_.Run(0, pool_.NumWorkers(),
              [&](std::uint64_t task, std::size_t) { body(worker{static_cast<int>(task), size(), &barrier_}); });
  }

 private:
  hwy::ThreadPool pool_;
  spin_barrier barrier_;
};

}  // namespace constformer
