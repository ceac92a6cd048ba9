#include "server.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/basic_signal_set.hpp>

#include "connection.hpp"
#include "front_thread.hpp"
#include "io_types.hpp"
#include "json_writer.hpp"
#include "log.hpp"
#include "service.hpp"

namespace constformer::serve {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds accept_pause{100};  // where there are no file descriptors left
constexpr std::chrono::milliseconds drain_look{20};
constexpr std::chrono::seconds last_words{2};  // for the error events of requests that were cut off

tcp::endpoint address_of(serve_options const& options) {
  boost::system::error_code failed;
  auto const host = options.host == "localhost" ? std::string("127.0.0.1") : options.host;
  auto const address = asio::ip::make_address(host, failed);
  if (failed) throw error("--host " + options.host.substr(0, 60) + " is not an IP address");
  return {address, static_cast<unsigned short>(options.port)};
}

class server {
 public:
  server(served_model const& model, engine& compute, serve_options const& options)
      : all_(model, compute, options), pool_{.io = io_, .front = front_, .all = all_} {}

  void run() {
    std::signal(SIGXFSZ, SIG_IGN);  // a log that has grown to its limit is lost, as on a full disk
    listen();
    asio::co_spawn(io_, accept(), asio::detached);
    asio::co_spawn(io_, wait_for_signals(), asio::detached);
    io_.run();
    front_.end();  // its jobs write into coroutines, which io_ destroys
  }

 private:
  void listen() {
    auto const at = address_of(all_.options);
    boost::system::error_code failed;
    acceptor_.open(at.protocol(), failed);
    if (!failed) acceptor_.set_option(tcp_acceptor::reuse_address(true), failed);
    if (!failed) acceptor_.bind(at, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
      throw error("cannot listen at " + all_.options.host + " port " + std::to_string(all_.options.port) + ": " +
                  failed.message());
    pool_.checks_host = at.address().is_loopback() && all_.options.api_keys.empty();
    tell_address();
  }

  void tell_address() {
    auto const at = acceptor_.local_endpoint();
    auto const host = at.address().is_v6() ? "[" + at.address().to_string() + "]" : at.address().to_string();
    auto const url = "http://" + host + ":" + std::to_string(at.port());
    if (!all_.options.log_json) return log_line("listening at " + url);
    json_writer w;
    w.begin_object().member("event", "listening").member("url", url).member("model", all_.model.name).end_object();
    log_line(w.take());
  }

  awaitable<void> pause(std::chrono::steady_clock::duration time) {
    io_timer timer(io_, time);
    boost::system::error_code ignored;
    co_await timer.async_wait(resume(ignored));
  }

  awaitable<void> accept() {
    while (acceptor_.is_open()) {
      boost::system::error_code failed;
      tcp_socket socket(io_);
      if (all_.metrics.connections < static_cast<std::uint64_t>(all_.options.connections))
        co_await acceptor_.async_accept(socket, resume(failed));
      else
        failed = asio::error::try_again;
      if (failed == asio::error::operation_aborted) co_return;
      if (failed)
        co_await pause(accept_pause);
      else
        begin(std::move(socket));
    }
  }

  void begin(tcp_socket socket) {
    std::erase_if(connections_, [](auto const& known) { return known.expired(); });
    auto const made = std::make_shared<connection>(std::move(socket), pool_);
    connections_.push_back(made);
    asio::co_spawn(io_, [made] { return made->run(); }, [made](std::exception_ptr const&) {});
  }

  awaitable<void> wait_for_signals() {
    boost::system::error_code ignored;
    co_await signals_.async_wait(resume(ignored));
    signals_.async_wait([](boost::system::error_code cancelled, int signal) {
      if (!cancelled) ::_exit(128 + signal);
    });
    all_.draining = true;
    all_.compute.drain();
    co_await until_idle(std::chrono::seconds(all_.options.drain));
    all_.compute.stop();
    co_await until_idle(last_words);
    acceptor_.close(ignored);
    for (auto const& known : connections_)
      if (auto const alive = known.lock()) alive->close_if_idle();
    co_await pause(drain_look);
    io_.stop();
  }

  awaitable<void> until_idle(std::chrono::steady_clock::duration most) {
    auto const end = std::chrono::steady_clock::now() + most;
    while (pool_.requests > 0 && std::chrono::steady_clock::now() < end) co_await pause(drain_look);
  }

  service all_;
  connection_pool pool_;
  front_thread front_;
  asio::io_context io_{1};  // destroyed before what its coroutines use
  tcp_acceptor acceptor_{io_};
  asio::basic_signal_set<io_executor> signals_{io_, SIGTERM, SIGINT};
  std::vector<std::weak_ptr<connection>> connections_;
};

}  // namespace

void serve(served_model const& model, engine& compute, serve_options const& options) {
  server(model, compute, options).run();
}

}  // namespace constformer::serve
