#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "hwy/base.h"
#include "hwy/cache_control.h"
#include "hwy/contrib/thread_pool/futex.h"

#include "constformer/kernels/placement.hpp"
#include "constformer/kernels/team_size.hpp"

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

  /// For another number of threads, while none waits.
  void resize(int count) { count_ = count; }

  /// Returns once as many threads have called it; what they wrote before is then seen by all. May be used again at
  /// once.
  void wait() {
    int const count = count_;  // may be another one as soon as all are here
    if (count == 1) return;
    std::uint32_t const phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.store(phase + 1);
      if (sleepers_.load() > 0) hwy::WakeAll(phase_);
      return;
    }
    if (!opens_within(few_spins, phase)) wait_long(phase);
  }

  /// Nanoseconds that threads have waited here for others that were not running, since the last call; those of all
  /// threads together.
  [[nodiscard]] std::int64_t take_waited() { return waited_.exchange(0, std::memory_order_relaxed); }

 private:
  static constexpr int few_spins = 64;     // a microsecond or a few: as phases are uneven
  static constexpr int late_spins = 1024;  // tens of microseconds: longer than a phase of a small model is uneven
  static constexpr int most_spins = 4096;

  [[nodiscard]] HWY_INLINE bool opens_within(int spins, std::uint32_t phase) const {
    for (int i = 0; i < spins; ++i) {
      if (phase_.load(std::memory_order_acquire) != phase) return true;
      hwy::Pause();
    }
    return false;
  }

  // A wait that is so long is one for a worker that was not running.
  HWY_NOINLINE void wait_long(std::uint32_t phase) {
    auto const start = std::chrono::steady_clock::now();
    if (opens_within(late_spins - few_spins, phase)) return;
    if (!opens_within(most_spins - late_spins, phase)) sleep(phase);
    std::chrono::nanoseconds const waited = std::chrono::steady_clock::now() - start;
    waited_.fetch_add(waited.count(), std::memory_order_relaxed);
  }

  // Announced before the kernel compares the phase, and looked for after the phase was changed: no wake is missed.
  void sleep(std::uint32_t phase) {
    sleepers_.fetch_add(1);
    hwy::BlockUntilDifferent(phase, phase_);
    sleepers_.fetch_sub(1);
  }

  int count_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<std::int64_t> waited_{0};
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

/// Threads that wake once per forward pass; within it they meet at barriers.
class team {
 public:
  /// Starts threads - 1 threads; the caller of `run` is the first worker.
  explicit team(int threads)
      : barrier_(threads), size_(threads), seats_(static_cast<std::size_t>(threads > 1 ? threads - 1 : 0)) {
    for (int index = 1; index < threads; ++index) threads_.emplace_back([this, index] { work(index); });
  }
  team(team const&) = delete;
  team& operator=(team const&) = delete;
  ~team() {
    start(nullptr, nullptr, size());
    for (auto& thread : threads_) thread.join();
  }

  /// Workers, the caller of `run` included.
  [[nodiscard]] int size() const { return static_cast<int>(threads_.size()) + 1; }

  /// Runs `body(worker const&)` on every worker at once; returns when all have.
  template <class Body>
  void run(Body const& body) {
    run_on(size(), body);
  }

  /// The same on as many workers as get on together: fewer while other processes keep the machine busy.
  template <class Body>
  void run_some(Body const& body) {
    int const count = size_.next();
    auto const start = std::chrono::steady_clock::now();
    run_on(count, body);
    if (size() == 1) return;
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    double const waited = count == 1 ? 0.0 : 1e-9 * static_cast<double>(barrier_.take_waited()) / (count - 1);
    size_.ran(took.count(), waited);
  }

  /// Calls `body(item)` for each item of [0, count), whoever is free the next one. Items may take any time: who waits
  /// for others here tells nothing of other processes.
  template <class Body>
  void run_items(int count, Body const& body) {
    std::atomic<int> next{0};
    run_on(count < size_.next() ? count : size_.next(), [&](worker const&) {
      for (int item = 0; (item = next.fetch_add(1, std::memory_order_relaxed)) < count;) body(item);
    });
    static_cast<void>(barrier_.take_waited());
  }

 private:
  using call = void (*)(void const* body, worker const& self);

  template <class Body>
  void run_on(int count, Body const& body) {
    barrier_.resize(count);
    worker const first{0, count, &barrier_};
    if (count == 1) return body(first);
    auto const code = [](void const* of, worker const& self) { (*static_cast<Body const*>(of))(self); };
    start(code, &body, count);
    body(first);
    barrier_.wait();
  }

  // Where a worker waits for its next order.
  struct alignas(64) seat {
    std::atomic<std::uint32_t> orders{0};
    std::atomic<bool> asleep{false};
    pid_t thread = 0;  // known once it has been asleep
    placement where;
  };

  void start(call code, void const* body, int count) {
    code_ = code;
    body_ = body;
    count_ = count;
    for (int index = 1; index < count; ++index) {
      seat& of = seats_[static_cast<std::size_t>(index) - 1];
      if (of.asleep.load()) of.where.keep_off_waker(of.thread);
      of.orders.fetch_add(1);
      if (of.asleep.load()) hwy::WakeAll(of.orders);
    }
  }

  void work(int index) {
    seat& mine = seats_[static_cast<std::size_t>(index) - 1];
    mine.thread = gettid();
    for (std::uint32_t done = 0;; ++done) {
      wait_for_order(mine, done);
      if (code_ == nullptr) return;
      code_(body_, {index, count_, &barrier_});
      barrier_.wait();
    }
  }

  static void wait_for_order(seat& mine, std::uint32_t done) {
    for (int spins = 0; spins < most_spins; ++spins) {
      if (mine.orders.load(std::memory_order_acquire) != done) return;
      hwy::Pause();
    }
    mine.asleep.store(true);
    hwy::BlockUntilDifferent(done, mine.orders);
    mine.asleep.store(false);
    mine.where.allow_all();
  }

  static constexpr int most_spins = 256;  // until the logits are wanted, not until the next token

  spin_barrier barrier_;
  team_size size_;
  call code_ = nullptr;
  void const* body_ = nullptr;
  int count_ = 0;
  std::vector<seat> seats_;  // of workers from 1 on
  std::vector<std::thread> threads_;
};

}  // namespace constformer
