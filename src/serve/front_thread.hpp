#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace constformer::serve {

/// One thread that does what takes longer than the I/O thread may: JSON, templates, tokenizers. Jobs do not throw.
class front_thread {
 public:
  front_thread();
  ~front_thread() { end(); }
  front_thread(front_thread const&) = delete;
  front_thread& operator=(front_thread const&) = delete;

  void post(std::function<void()> job);

  /// Does what is left, and ends.
  void end();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace constformer::serve
