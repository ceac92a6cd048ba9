#pragma once

#include <chrono>
#include <utility>  // Boost 1.74 uses and forgets it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

/// Asio for the one I/O thread: the type of its executor is known, which spares the code that any other would need.
namespace constformer::serve {

using io_executor = boost::asio::io_context::executor_type;

template <class Result>
using awaitable = boost::asio::awaitable<Result, io_executor>;

using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, io_executor>;
using tcp_acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, io_executor>;
using io_timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                   boost::asio::wait_traits<std::chrono::steady_clock>, io_executor>;

/// The coroutine goes on when it is done, and `failed` says how.
inline auto resume(boost::system::error_code& failed) {
  return boost::asio::redirect_error(boost::asio::use_awaitable_t<io_executor>(), failed);
}

}  // namespace constformer::serve
