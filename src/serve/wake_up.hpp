#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include <boost/asio/post.hpp>

#include "io_types.hpp"

namespace constformer::serve {

/// Lets any thread wake a coroutine of the I/O thread.
class wake_up : public std::enable_shared_from_this<wake_up> {
 public:
  explicit wake_up(boost::asio::io_context& io) : io_(io), timer_(io) {}

  /// By any thread; those between two `wait` are one.
  void notify() {
    if (rung_.exchange(true)) return;
    boost::asio::post(io_, [self = shared_from_this()] { self->timer_.cancel(); });
  }

  /// Until somebody notifies, `most` has passed, or neither: look at what you wait for.
  awaitable<void> wait(std::chrono::steady_clock::duration most) {
    if (rung_.exchange(false)) co_return;
    timer_.expires_after(most);
    boost::system::error_code cancelled;
    co_await timer_.async_wait(resume(cancelled));
    rung_ = false;
  }

 private:
  boost::asio::io_context& io_;
  io_timer timer_;
  std::atomic<bool> rung_ = false;
};

}  // namespace constformer::serve
