#include "front_thread.hpp"

#include <utility>

namespace constformer::serve {

front_thread::front_thread() : thread_([this] { work(); }) {}

void front_thread::end() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard const lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void front_thread::post(std::function<void()> job) {
  {
    std::lock_guard const lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void front_thread::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return ends_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    auto const job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
  }
}

}  // namespace constformer::serve
