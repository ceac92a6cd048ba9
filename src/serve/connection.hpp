#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "front_thread.hpp"
#include "generation_run.hpp"
#include "http_reader.hpp"
#include "io_types.hpp"
#include "service.hpp"

namespace constformer::serve {

/// Counts something for as long as it lives.
class counted {
 public:
  counted(std::size_t& where, std::size_t amount) : where_(where), amount_(amount) { where_ += amount_; }
  ~counted() { where_ -= amount_; }
  counted(counted const&) = delete;
  counted& operator=(counted const&) = delete;

 private:
  std::size_t& where_;
  std::size_t amount_;
};

/// What all connections share; for the I/O thread.
struct connection_pool {
  boost::asio::io_context& io;
  front_thread& front;  ///< reads requests
  service& all;
  bool checks_host = false;    ///< on loopback without a key: other sites must not reach it through a browser
  std::size_t body_bytes = 0;  ///< of all requests at once
  std::size_t requests = 0;    ///< being answered
};

/// One connection of a client: requests one after the other.
class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(tcp_socket socket, connection_pool& pool);
  ~connection();

  /// Serves until the client goes, or a request was wrong.
  awaitable<void> run();

  /// Ends it if no request is being answered.
  void close_if_idle();

 private:
  using duration = std::chrono::steady_clock::duration;

  enum class read_outcome { request, answered, gone };

  awaitable<read_outcome> read_request(http_request& request);
  awaitable<bool> read_head(http_reader& reader);
  awaitable<bool> read_body(http_reader& reader, http_request& request);
  awaitable<void> answer(http_request& request);
  awaitable<void> dispatch(endpoint const& where, http_request& request);
  awaitable<void> generate(http_request& request, generation_task task);
  awaitable<bool> stream(http_request& request, generation_run& run);
  awaitable<void> work(http_request& request, work_task task);
  awaitable<void> on_front(std::function<void()> job);
  awaitable<bool> send(http_request& request, http_answer const& what);
  awaitable<bool> send(http_request& request, api_error const& problem);
  awaitable<bool> write(std::string_view bytes);
  awaitable<bool> read_some();
  awaitable<void> linger();

  void admit(http_request& request) const;
  [[nodiscard]] std::string stream_head(http_request const& request);
  void arm(duration most);
  void disarm();
  void watch(std::shared_ptr<wake_up> wake);
  [[nodiscard]] bool peer_gone();
  [[nodiscard]] duration patience() const { return std::chrono::seconds(pool_.all.options.timeout); }
  void log(http_request const& request, generation_run const* run);

  tcp_socket socket_;
  connection_pool& pool_;
  std::string buffer_;  // received and not yet read
  io_timer deadline_;
  unsigned round_ = 0;  // of the deadline: an older one that fires late does nothing
  bool expired_ = false;
  bool watching_ = false;
  std::shared_ptr<wake_up> watched_for_;
  std::optional<counted> held_;  // bytes of the body
  bool busy_ = false;
  bool more_ = true;  // the connection goes on after this answer
  int status_ = 0;    // of the answer
  std::chrono::steady_clock::time_point start_{};
};

}  // namespace constformer::serve
