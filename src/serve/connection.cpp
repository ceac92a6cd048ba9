#include "connection.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "admission.hpp"
#include "json_writer.hpp"
#include "log.hpp"

namespace constformer::serve {

namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

constexpr seconds longest_idle{75};  // between requests
constexpr seconds longest_head_time{10};
constexpr seconds ping_interval{15};
constexpr seconds look_interval{1};  // at a client that has sent more than its request
constexpr seconds linger_time{2};
constexpr std::size_t most_lingering = 1 << 20;  // bytes
constexpr std::size_t read_bytes = 8 << 10;
constexpr std::size_t most_bodies = 64 << 20;  // bytes of all requests at once

std::string chunk_of(std::string_view bytes) {
  constexpr char const* digits = "0123456789abcdef";
  std::string size;
  for (std::size_t n = bytes.size(); n > 0; n /= 16) size.insert(size.begin(), digits[n % 16]);
  return size + "\r\n" + std::string(bytes) + "\r\n";
}

api_error as_api_error(reply_failure const& failed) {
  if (failed.kind == failure::draining) return overloaded(failed.why, "draining");
  return {500, "server_error", failed.why};
}

http_answer preflight(serve_options const& options) {
  http_answer out{.status = 204, .type = {}, .body = {}};
  if (options.cors.empty()) return out;
  out.headers = {{"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
                 {"Access-Control-Allow-Headers", "Authorization, Content-Type, X-Api-Key, X-Request-Id"},
                 {"Access-Control-Max-Age", "600"}};
  return out;
}

}  // namespace

connection::connection(tcp_socket socket, connection_pool& pool)
    : socket_(std::move(socket)), pool_(pool), deadline_(pool.io) {
  ++pool_.all.metrics.connections;
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

connection::~connection() { --pool_.all.metrics.connections; }

void connection::arm(duration most) {
  expired_ = false;
  deadline_.expires_after(most);
  deadline_.async_wait([self = weak_from_this(), round = ++round_](boost::system::error_code cancelled) {
    auto const alive = self.lock();
    if (cancelled || !alive || alive->round_ != round) return;
    alive->expired_ = true;
    boost::system::error_code ignored;
    alive->socket_.cancel(ignored);
  });
}

void connection::disarm() {
  ++round_;
  deadline_.cancel();
}

void connection::close_if_idle() {
  boost::system::error_code ignored;
  if (!busy_) socket_.close(ignored);
  more_ = false;
}

bool connection::peer_gone() {
  pollfd at{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&at, 1, 0) > 0 && (at.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// Wakes whoever waits for tokens when the client goes.
void connection::watch(std::shared_ptr<wake_up> wake) {
  watched_for_ = std::move(wake);
  if (watching_) return;
  watching_ = true;
  socket_.async_wait(tcp_socket::wait_read, [self = shared_from_this()](boost::system::error_code) {
    self->watching_ = false;
    if (self->watched_for_) self->watched_for_->notify();
  });
}

awaitable<void> connection::run() {
  while (more_ && socket_.is_open()) {
    http_request request;
    auto const outcome = co_await read_request(request);
    if (outcome == read_outcome::gone) break;
    if (outcome == read_outcome::request) co_await answer(request);
    watched_for_.reset();
    held_.reset();
    busy_ = false;
  }
  disarm();
  if (socket_.is_open()) co_await linger();
}

awaitable<bool> connection::read_some() {
  boost::system::error_code failed;
  std::size_t const had = buffer_.size();
  buffer_.resize(had + read_bytes);
  auto const room = asio::buffer(buffer_.data() + had, read_bytes);
  std::size_t const got = co_await socket_.async_read_some(room, resume(failed));
  buffer_.resize(had + got);
  co_return !failed;
}

// False: there is nobody, or nothing complete in time.
awaitable<bool> connection::read_head(http_reader& reader) {
  std::size_t bytes = 0;
  arm(buffer_.size() > 0 ? duration(longest_head_time) : duration(longest_idle));
  bool begun = buffer_.size() > 0;
  while ((bytes = http_reader::head_bytes(buffer_)) == 0) {
    bool const more = co_await read_some();
    if (!more) co_return false;
    if (!begun) arm(std::min<duration>(longest_head_time, patience()));
    begun = true;
  }
  disarm();
  reader.read_head(std::string_view(buffer_).substr(0, bytes));
  buffer_.erase(0, bytes);
  co_return true;
}

awaitable<bool> connection::read_body(http_reader& reader, http_request& request) {
  if (reader.expects_continue() && reader.announced_body() > 0) {
    bool const sent = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return false;
  }
  arm(patience());
  while (!reader.done()) {
    buffer_.erase(0, reader.read_body(buffer_));
    if (reader.done()) break;
    bool const more = co_await read_some();
    if (more) continue;
    if (expired_) throw api_error(408, "invalid_request_error", "the body did not come in time");
    co_return false;
  }
  disarm();
  request.body = reader.take_body();
  co_return true;
}

// What is refused without its body being read ends the connection.
awaitable<connection::read_outcome> connection::read_request(http_request& request) {
  std::optional<api_error> wrong;
  try {
    http_reader reader;
    bool const head = co_await read_head(reader);
    if (!head && !(expired_ && buffer_.size() > 0)) co_return read_outcome::gone;
    busy_ = true;
    start_ = std::chrono::steady_clock::now();
    if (!head) throw api_error(408, "invalid_request_error", "the head of the request did not come in time");
    request = reader.head();
    request.id = request_id_of(request);
    admit(request);
    held_.emplace(pool_.body_bytes, reader.announced_body());
    if (pool_.body_bytes > most_bodies)
      throw overloaded("the requests that are being read have too many bytes together", "queue_full");
    bool const body = co_await read_body(reader, request);
    co_return body ? read_outcome::request : read_outcome::gone;
  } catch (api_error const& problem) {
    wrong = problem;
  }
  more_ = request.keep_alive = false;
  if (request.id.empty()) request.id = request_id_of(request);
  co_await send(request, *wrong);
  log(request, nullptr);
  co_return read_outcome::answered;
}

void connection::admit(http_request& request) const {
  if (pool_.checks_host) require_own_host(request);
  if (request.method == "OPTIONS") return;
  if (!endpoint_for(pool_.all, request).open) require_key(request, pool_.all.options);
  if (request.method == "POST") require_json(request);
}

awaitable<bool> connection::write(std::string_view bytes) {
  boost::system::error_code failed;
  arm(patience());
  co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), resume(failed));
  disarm();
  if (failed) more_ = false;
  co_return !failed;
}

awaitable<bool> connection::send(http_request& request, http_answer const& what) {
  status_ = what.status;
  if (what.close || !request.keep_alive) more_ = false;
  auto bytes = answer_head(what, request, static_cast<long>(what.body.size()), pool_.all.options.cors);
  if (request.method != "HEAD") bytes += what.body;
  co_return co_await write(bytes);
}

awaitable<bool> connection::send(http_request& request, api_error const& problem) {
  http_answer what{.status = problem.status, .body = error_body(problem), .close = !more_};
  if (problem.status == 503) what.headers.emplace_back("Retry-After", "1");
  if (problem.status == 401) what.headers.emplace_back("WWW-Authenticate", "Bearer");
  co_return co_await send(request, what);
}

// Closed at once, a connection with bytes that nobody has read would be reset, and the answer lost.
awaitable<void> connection::linger() {
  boost::system::error_code failed;
  socket_.shutdown(tcp_socket::shutdown_send, failed);
  arm(linger_time);
  for (std::size_t read = 0; !failed && read < most_lingering; read += read_bytes) {
    buffer_.clear();
    bool const more = co_await read_some();
    if (!more) break;
  }
  disarm();
  socket_.close(failed);
}

// Requests are read on a thread of their own: a template or a long text must not hold up the others' answers.
awaitable<void> connection::on_front(std::function<void()> job) {
  struct state {
    std::function<void()> job;
    std::exception_ptr problem;
    std::atomic<bool> done = false;
  };
  auto const wake = std::make_shared<wake_up>(pool_.io);
  auto const shared = std::make_shared<state>();
  shared->job = std::move(job);
  pool_.front.post([wake, shared] {
    try {
      shared->job();
    } catch (...) {
      shared->problem = std::current_exception();
    }
    shared->done = true;
    wake->notify();
  });
  while (!shared->done) co_await wake->wait(std::chrono::hours(1));
  // Taken out of what the other thread may let go of last.
  if (auto problem = std::exchange(shared->problem, nullptr)) std::rethrow_exception(std::move(problem));
}

awaitable<void> connection::answer(http_request& request) {
  counted const one(pool_.requests, 1);
  std::optional<api_error> wrong;
  status_ = 0;
  try {
    if (request.method == "OPTIONS") {
      http_answer const what = preflight(pool_.all.options);
      co_await send(request, what);
      co_return;
    }
    co_await dispatch(endpoint_for(pool_.all, request), request);
    co_return;
  } catch (api_error const& problem) {
    wrong = problem;
  } catch (json_error const& problem) {
    wrong = bad_request(problem.what());
  } catch (std::bad_alloc const&) {
    wrong = overloaded("there is not enough memory for this request", "out_of_memory");
  } catch (std::exception const& problem) {
    wrong = api_error(500, "server_error", problem.what());
  }
  co_await send(request, *wrong);
  log(request, nullptr);
}

awaitable<void> connection::dispatch(endpoint const& where, http_request& request) {
  auto& all = pool_.all;
  if (where.generation != nullptr) {
    if (all.draining) throw overloaded("the server is ending and takes no more requests", "draining");
    generation_task task;
    co_await on_front([&] { task = where.generation(all, request); });
    request.body = {};
    held_.reset();
    co_await generate(request, std::move(task));
    co_return;
  }
  if (where.work != nullptr) {
    work_task task;
    co_await on_front([&] { task = where.work(all, request); });
    request.body = {};
    held_.reset();
    co_await work(request, std::move(task));
    co_return;
  }
  http_answer what;
  if (where.at_once != nullptr)
    what = where.at_once(all, request);
  else
    co_await on_front([&] { what = where.in_front(all, request); });
  co_await send(request, what);
  if (where.at_once == nullptr) log(request, nullptr);
}

awaitable<void> connection::generate(http_request& request, generation_task task) {
  if (!request.key.empty())
    for (auto& prompt : task.prompts) prompt.salt = request.key + '\n' + prompt.salt;
  generation_run run(pool_.all, pool_.io, std::move(task));
  run.submit();
  watch(run.shared_wake());
  if (run.streams()) {
    bool const whole = co_await stream(request, run);
    if (!whole) more_ = false;
  } else {
    while (true) {
      auto const news = run.take();
      if (news.failed) throw as_api_error(*news.failed);
      if (news.ended) break;
      run.submit();
      co_await run.wake().wait(look_interval);
      if (!socket_.is_open() || (!watching_ && peer_gone())) {
        more_ = false;
        run.cancel();
        break;
      }
    }
    if (!run.cancelled()) {
      http_answer const what{.body = run.whole()};
      co_await send(request, what);
    }
  }
  log(request, &run);
}

// Nothing is written before the first token, so that what fails before it has a status of its own.
awaitable<bool> connection::stream(http_request& request, generation_run& run) {
  bool begun = false;
  auto last = std::chrono::steady_clock::now();
  while (true) {
    auto news = run.take();
    bool const over = news.ended || news.failed;
    if (news.failed && !begun) throw as_api_error(*news.failed);
    if (news.failed) append_event(news.events, error_body(as_api_error(*news.failed)));
    if (over && run.marks_end()) append_event(news.events, "[DONE]");
    auto const now = std::chrono::steady_clock::now();
    if (news.events.empty() && begun && now - last >= ping_interval) news.events = ": ping\n\n";
    if (!news.events.empty()) {
      std::string bytes;
      if (!begun) bytes = stream_head(request);
      begun = true;
      bytes += request.http_1_1 ? chunk_of(news.events) : news.events;
      // After a fault the last chunk is missing: the answer must not pass for a whole one.
      if (news.ended && request.http_1_1) bytes += "0\r\n\r\n";
      bool const sent = co_await write(bytes);
      if (!sent) co_return false;
      run.sent(news.weight);
      last = now;
    }
    if (over) co_return news.ended&& request.keep_alive&& request.http_1_1;
    run.submit();
    co_await run.wake().wait(look_interval);
    if (!socket_.is_open() || (!watching_ && peer_gone())) co_return false;
  }
}

std::string connection::stream_head(http_request const& request) {
  status_ = 200;
  http_answer const head{.type = "text/event-stream; charset=utf-8",
                         .body = {},
                         .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
  return answer_head(head, request, -1, pool_.all.options.cors);
}

awaitable<void> connection::work(http_request& request, work_task task) {
  struct state {
    std::optional<reply_failure> failed;
    std::atomic<bool> done = false;
  };
  auto const wake = std::make_shared<wake_up>(pool_.io);
  auto const shared = std::make_shared<state>();
  auto const end = [=](std::optional<reply_failure> failed) {
    shared->failed = std::move(failed);
    shared->done = true;
    wake->notify();
  };
  watch(wake);
  ++pool_.all.metrics.work;
  std::uint64_t name = 0;
  try {
    name = pool_.all.compute.run_job(
        {.parts = task.parts,
         .text = std::move(task.text),
         .run = std::move(task.run),
         .finished = [=] { end({}); },
         .failed = [=](std::string_view why, failure kind) { end(reply_failure{std::string(why), kind}); }});
  } catch (queue_full const& full) {
    throw overloaded(full.what(), "queue_full");
  } catch (constformer::serve::draining const& ends) {
    throw overloaded(ends.what(), "draining");
  }
  while (!shared->done) {
    co_await wake->wait(look_interval);
    if (!shared->done && (!socket_.is_open() || (!watching_ && peer_gone()))) {
      pool_.all.compute.cancel(name);
      more_ = false;
      co_return;
    }
  }
  if (shared->failed) throw as_api_error(*shared->failed);
  http_answer const what{.body = task.body()};
  co_await send(request, what);
  log(request, nullptr);
}

void connection::log(http_request const& request, generation_run const* run) {
  auto const digit = static_cast<std::size_t>(status_ / 100);
  if (digit < pool_.all.metrics.answers.size()) ++pool_.all.metrics.answers[digit];
  auto const total = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (!pool_.all.options.log_json) {
    log_line(request.id + " " + request.method + " " + request.path.substr(0, 100) + " " + std::to_string(status_) +
             " " + std::to_string(static_cast<long>(total * 1e3)) + " ms");
    return;
  }
  json_writer w;
  w.begin_object().member("id", request.id).member("method", request.method);
  w.member("path", std::string_view(request.path).substr(0, 100)).member("status", status_);
  if (run != nullptr) {
    w.member("prompt_tokens", run->used().prompt_tokens).member("cached_tokens", run->used().cached_tokens);
    w.member("completion_tokens", run->used().completion_tokens).member("queue_ms", run->queue_seconds() * 1e3);
    if (run->streams()) w.member("ttft_ms", std::max(run->first_token_seconds(), 0.0) * 1e3);
    w.member("reason", run->reason());
  }
  w.member("total_ms", total * 1e3).end_object();
  log_line(w.take());
}

}  // namespace constformer::serve
