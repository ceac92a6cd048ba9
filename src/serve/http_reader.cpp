#include "http_reader.hpp"

#include <algorithm>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>

namespace constformer::serve {

namespace http = boost::beast::http;

namespace {

constexpr std::string_view shortest_end = "0\r\n\r\n";  // of a body in chunks

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// A line that begins with a blank continues the one before it (obs-fold); Beast joins the two.
void require_no_folds(std::string_view head) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos && at + 2 < head.size();
       at = head.find("\r\n", at + 2))
    if (head[at + 2] == ' ' || head[at + 2] == '\t') throw bad_request("a header is folded over several lines");
}

void require_one_host(http::fields const& fields, unsigned version) {
  auto const hosts = fields.count(http::field::host);
  if (hosts > 1) throw bad_request("there are " + std::to_string(hosts) + " Host headers");
  if (hosts == 0 && version >= 11) throw bad_request("there is no Host header");
}

void require_plain_length(http::fields const& fields) {
  if (fields.count(http::field::content_length) > 1) throw bad_request("there are several Content-Length headers");
  auto const length = view(fields[http::field::content_length]);
  if (!std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; }))
    throw bad_request("Content-Length is not one number");
}

void require_chunks_at_most(http::fields const& fields, unsigned version) {
  auto const count = fields.count(http::field::transfer_encoding);
  if (count == 0) return;
  if (version < 11) throw bad_request("HTTP/1.0 knows no Transfer-Encoding");
  if (count > 1 || !boost::beast::iequals(fields[http::field::transfer_encoding], "chunked"))
    throw bad_request("Transfer-Encoding is something else than chunked");
}

void require_no_coding(http::fields const& fields) {
  auto const coding = fields[http::field::content_encoding];
  if (!coding.empty() && !boost::beast::iequals(coding, "identity"))
    throw api_error(415, "invalid_request_error", "compressed bodies are not read");
}

// What is answered to bytes that Beast does not understand.
api_error unreadable(boost::beast::error_code const& why) {
  if (why == http::error::header_limit)
    return {431, "invalid_request_error", "the head of the request has more than 32768 bytes"};
  if (why == http::error::body_limit)
    return {413, "invalid_request_error", "the body has more than " + std::to_string(longest_body) + " bytes"};
  if (why == http::error::bad_version)
    return {505, "invalid_request_error", "this server speaks HTTP/1.0 and HTTP/1.1"};
  return bad_request("the request is not valid HTTP: " + why.message());
}

}  // namespace

http_reader::http_reader() {
  parser_.header_limit(static_cast<std::uint32_t>(longest_head));
  parser_.body_limit(longest_body);
}

std::size_t http_reader::head_bytes(std::string_view received) {
  auto const end = received.substr(0, longest_head).find("\r\n\r\n");
  if (end != std::string_view::npos) return end + 4;
  if (received.size() >= longest_head) throw unreadable(http::make_error_code(http::error::header_limit));
  return 0;
}

void http_reader::read_head(std::string_view head) {
  auto const line = head.substr(0, head.find("\r\n"));
  if (line.size() > longest_target) throw api_error(414, "invalid_request_error", "the target is too long");
  require_no_folds(head);
  boost::beast::error_code failed;
  parser_.put(boost::asio::buffer(head.data(), head.size()), failed);
  if (failed && failed != http::error::need_more) throw unreadable(failed);
  if (!parser_.is_header_done()) throw bad_request("the head of the request is not complete");
  auto const& message = parser_.get();
  if (message.version() != 10 && message.version() != 11)
    throw unreadable(http::make_error_code(http::error::bad_version));
  if (static_cast<std::size_t>(std::distance(message.begin(), message.end())) > most_headers)
    throw api_error(431, "invalid_request_error", "there are more than 100 headers");
  require_one_host(message, message.version());
  require_plain_length(message);
  require_chunks_at_most(message, message.version());
  require_no_coding(message);
  if (announced_body() > longest_body) throw unreadable(http::make_error_code(http::error::body_limit));
}

bool http_reader::expects_continue() const {
  return boost::beast::iequals(parser_.get()[http::field::expect], "100-continue");
}

std::size_t http_reader::announced_body() const {
  if (parser_.chunked()) return longest_body;
  auto const length = parser_.content_length();
  if (!length) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(*length, longest_body + 1));
}

// Beast takes a chunk's head only when it is there as a whole; what is not taken comes again with what follows. Of a
// last chunk that comes in pieces it asserts that it sees as many bytes as the shortest one has.
std::size_t http_reader::read_body(std::string_view received) {
  std::size_t taken = 0;
  while (!parser_.is_done() && taken < received.size()) {
    boost::beast::error_code failed;
    auto const rest = received.substr(taken);
    if (parser_.chunked() && rest.size() < shortest_end.size()) break;
    auto const bytes = parser_.put(boost::asio::buffer(rest.data(), rest.size()), failed);
    taken += bytes;
    if (failed == http::error::need_more) break;
    if (failed) throw unreadable(failed);
    if (bytes == 0) break;
  }
  if (!parser_.is_done() && received.size() - taken > longest_head)
    throw unreadable(http::make_error_code(http::error::header_limit));
  return taken;
}

http_request http_reader::head() const {
  auto const& message = parser_.get();
  auto const target = view(message.target());
  auto const path = target.substr(0, target.find('?'));
  http_request out{.method = std::string(view(message.method_string())),
                   .path = std::string(path),
                   .query = std::string(target.size() > path.size() ? target.substr(path.size() + 1) : ""),
                   .http_1_1 = message.version() == 11,
                   .keep_alive = message.keep_alive(),
                   .headers = {},
                   .body = {},
                   .id = {},
                   .key = {}};
  for (auto const& field : message) {
    std::string name(view(field.name_string()));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    out.headers.emplace_back(std::move(name), std::string(view(field.value())));
  }
  return out;
}

}  // namespace constformer::serve
