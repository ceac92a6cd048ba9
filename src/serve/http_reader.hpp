#pragma once

#include <cstddef>
#include <string_view>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "api_error.hpp"
#include "http_message.hpp"

namespace constformer::serve {

inline constexpr std::size_t longest_head = 32 << 10;   ///< bytes
inline constexpr std::size_t longest_target = 8 << 10;  ///< bytes
inline constexpr std::size_t most_headers = 100;
inline constexpr std::size_t longest_body = 8 << 20;  ///< bytes

/// Beast's parser, and what Beast 1.74 lets through beside RFC 9112: folded lines, codings but chunked, a coding in
/// HTTP/1.0, several lengths in one header, no Host or two. Knows no sockets, so that it can be fuzzed.
class http_reader {
 public:
  http_reader();

  /// Bytes of the head at the front of `received`, the empty line among them; 0: it is not complete yet. Throws
  /// `api_error` (431) if it is too long.
  [[nodiscard]] static std::size_t head_bytes(std::string_view received);

  /// Reads a whole head. Throws `api_error`: 400, 413, 414, 415, 431 or 505.
  void read_head(std::string_view head);

  /// Whether the client waits for "100 Continue".
  [[nodiscard]] bool expects_continue() const;

  /// Bytes of the body that the head announces; of a chunked one the most that is read.
  [[nodiscard]] std::size_t announced_body() const;

  /// Reads of `received` what belongs to the body; the bytes it took. Throws `api_error`.
  [[nodiscard]] std::size_t read_body(std::string_view received);
  [[nodiscard]] bool done() const { return parser_.is_done(); }

  /// The head, after it was read.
  [[nodiscard]] http_request head() const;

  /// The body, after it was read.
  [[nodiscard]] std::string take_body() { return parser_.release().body(); }

 private:
  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
};

}  // namespace constformer::serve
