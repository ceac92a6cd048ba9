#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "generation_task.hpp"
#include "service.hpp"

namespace constformer::serve {

/// A request for text while it is worked on: hands prompts to the engine, and what comes back to the format. What has
/// not ended when it is destroyed is cancelled. For the I/O thread.
class generation_run {
 public:
  generation_run(service& all, boost::asio::io_context& io, generation_task task);
  ~generation_run() { cancel(); }
  generation_run(generation_run const&) = delete;
  generation_run& operator=(generation_run const&) = delete;

  struct news {
    std::string events;      ///< streaming: to be written now
    std::size_t weight = 0;  ///< to be told `sent` when they are
    bool ended = false;
    std::optional<reply_failure> failed;
  };

  /// Hands over as many prompts as run side by side; the others wait here. Throws `api_error` if not even one could be.
  void submit();

  /// What has come since.
  [[nodiscard]] news take();
  void sent(std::size_t weight) { queue_->sent(weight); }

  void cancel();
  [[nodiscard]] bool cancelled() const { return cancelled_; }

  /// Not streaming, after the end: the body.
  [[nodiscard]] std::string whole() { return task_.format->whole(choices_, used_); }

  [[nodiscard]] wake_up& wake() { return queue_->wake(); }
  [[nodiscard]] std::shared_ptr<wake_up> const& shared_wake() const { return queue_->shared_wake(); }
  [[nodiscard]] answer_usage const& used() const { return used_; }
  [[nodiscard]] bool streams() const { return task_.stream; }
  [[nodiscard]] bool marks_end() const { return task_.marks_end; }
  [[nodiscard]] double queue_seconds() const { return queue_seconds_; }
  [[nodiscard]] double first_token_seconds() const { return first_token_seconds_; }  ///< below 0: none has come
  [[nodiscard]] double total_seconds() const;
  [[nodiscard]] char const* reason() const { return reason_; }

 private:
  using clock = std::chrono::steady_clock;

  void absorb(text_piece const& piece, news& out);
  void measure(text_piece const& piece);
  void count_end(text_piece const& piece);

  service& all_;
  generation_task task_;
  std::shared_ptr<reply_queue> queue_;
  std::vector<std::uint64_t> running_;
  std::size_t next_ = 0;      // prompt to be handed over
  std::size_t finished_ = 0;  // prompts
  std::vector<whole_choice> choices_;
  answer_usage used_;
  int told_ = 0;  // tokens that the engine has told of
  clock::time_point start_ = clock::now();
  clock::time_point last_piece_{};
  double queue_seconds_ = 0;
  double first_token_seconds_ = -1;
  std::optional<reply_failure> refused_;  // prompts that came too late for an engine that is being drained
  bool ended_ = false;
  bool cancelled_ = false;
  char const* reason_ = "abort";
};

}  // namespace constformer::serve
