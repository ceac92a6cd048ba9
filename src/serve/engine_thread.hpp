#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine.hpp"

namespace constformer::serve {

/// What all engines have: a compute thread and what others tell it, which is items that come, names that are cancelled
/// and that it shall end. Who derives calls `start` at the end of its constructor and `stop` in its destructor.
template <class Item>
class engine_thread : public engine {
 public:
  void cancel(std::uint64_t name) override {
    std::lock_guard const lock(mutex_);
    cancelled_.push_back(name);
    wake_.notify_one();
  }

  void drain() override {
    std::lock_guard const lock(mutex_);
    draining_ = true;
  }

  void stop() override {
    {
      std::lock_guard const lock(mutex_);
      if (std::exchange(stopped_, true)) return;
      draining_ = true;
      wake_.notify_one();
    }
    if (worker_.joinable()) worker_.join();
  }

 protected:
  /// What the compute thread does.
  virtual void work() = 0;

  void start() {
    worker_ = std::thread([this] { work(); });
  }

  /// @{ With the lock.
  void refuse_if_draining() const {
    if (draining_) throw draining("the server is ending and takes no more requests");
  }

  std::uint64_t new_name() { return ++last_; }

  void put(std::unique_ptr<Item> item) {
    come_.push_back(std::move(item));
    wake_.notify_one();
  }

  /// Each item that has come goes to `take`, cancelled names to `cancelling_`.
  template <class Take>
  void take_news(Take const& take) {
    for (auto& item : come_) take(std::move(item));
    come_.clear();
    std::swap(cancelled_, cancelling_);
  }
  /// @}

  /// Each name of `cancelling_` goes to `end`; for the compute thread.
  template <class End>
  void end_cancelled(End const& end) {
    for (auto const name : cancelling_) end(name);
    cancelling_.clear();
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Item>> come_;
  bool draining_ = false;
  bool stopped_ = false;
  engine_stats stats_;

 private:
  std::uint64_t last_ = 0;
  std::vector<std::uint64_t> cancelled_;
  std::vector<std::uint64_t> cancelling_;  // of the compute thread
  std::thread worker_;
};

}  // namespace constformer::serve
