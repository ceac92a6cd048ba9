#include "serve/http_reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "serve/admission.hpp"

using namespace constformer::serve;

namespace {

// The status that a request gets before anybody looks at what it asks for, or 200; `pieces` at a time.
int status_of(std::string const& bytes, std::size_t pieces = std::string::npos, std::string* body = nullptr) {
  http_reader reader;
  std::string received;
  std::size_t at = 0;
  auto const more = [&] {
    auto const part = bytes.substr(at, pieces);
    at += part.size();
    received += part;
    return !part.empty();
  };
  try {
    std::size_t head = 0;
    while ((head = http_reader::head_bytes(received)) == 0)
      if (!more()) return 0;
    reader.read_head(std::string_view(received).substr(0, head));
    received.erase(0, head);
    while (!reader.done()) {
      received.erase(0, reader.read_body(received));
      if (!reader.done() && !more()) return 0;
    }
    if (body != nullptr) *body = reader.take_body();
    return 200;
  } catch (api_error const& refused) {
    return refused.status;
  }
}

std::string post(std::string const& headers, std::string const& body = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

}  // namespace

TEST_CASE("requests are read however their bytes come") {
  for (std::size_t const pieces : {std::string::npos, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    std::string body;
    CHECK(status_of(post("Content-Length: 5\r\n", "hello"), pieces, &body) == 200);
    CHECK(body == "hello");
    CHECK(status_of(post("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n"), pieces,
                    &body) == 200);
    CHECK(body == "hello");
    CHECK(status_of("GET /a?b=c HTTP/1.0\r\n\r\n", pieces, &body) == 200);
    CHECK(status_of(post("Content-Length: 5\r\n", "hell"), pieces) == 0);
  }
}

TEST_CASE("what smugglers send is refused") {
  for (char const* headers :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 2, 2\r\n",
        "Content-Length: -1\r\n", "Content-Length: +2\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n",
        "X: a\r\n b\r\n", "X: a\r\n\tb\r\n", "Host: b\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "X Y: a\r\n", "Content-Length: 2x\r\n"}) {
    INFO(headers);
    CHECK(status_of(post(headers, "ab")) == 400);
  }
  CHECK(status_of("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/3.7\r\nHost: a\r\n\r\n") >= 400);
  CHECK(status_of(post(std::string("X: a\0b\r\n", 8))) == 400);
  CHECK(status_of("GET /\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("sizes have bounds") {
  CHECK(status_of(post("X: " + std::string(40'000, 'a') + "\r\n")) == 431);
  std::string many;
  for (int i = 0; i < 120; ++i) many += "X" + std::to_string(i) + ": a\r\n";
  CHECK(status_of(post(many)) == 431);
  CHECK(status_of("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n") == 414);
  CHECK(status_of(post("Content-Length: 9999999999\r\n")) == 413);
  CHECK(status_of(post("Transfer-Encoding: chunked\r\n", "fffffff0\r\n" + std::string(1000, 'a'))) == 413);
  CHECK(status_of(post("Transfer-Encoding: chunked\r\n", "-1\r\na\r\n0\r\n\r\n")) == 400);
  CHECK(status_of(post("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "a")) == 415);
}

TEST_CASE("keys and hosts are compared as a whole") {
  serve_options options{.api_keys = {"secret", "other"}};
  auto const allowed = [&](std::string const& name, std::string const& value) {
    http_request request;
    request.headers = {{name, value}};
    try {
      require_key(request, options);
      return request.key;
    } catch (api_error const& refused) {
      CHECK(refused.status == 401);
      return std::string("no");
    }
  };
  CHECK(allowed("authorization", "Bearer secret") == "secret");
  CHECK(allowed("authorization", "bearer other") == "other");
  CHECK(allowed("x-api-key", "other") == "other");
  for (char const* wrong : {"secre", "secrets", "", "secretsecret", "othe", "Secret"})
    CHECK(allowed("x-api-key", wrong) == "no");
  CHECK(allowed("authorization", "Basic secret") == "no");
  auto const own = [](std::string const& host) {
    http_request request;
    request.headers = {{"host", host}};
    try {
      require_own_host(request);
      return true;
    } catch (api_error const&) {
      return false;
    }
  };
  for (char const* host : {"localhost", "localhost:1", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:80"})
    CHECK(own(host));
  for (char const* host : {"", "a", "127.0.0.1.a", "localhost.a", "1127.0.0.1", "[::2]", "127.a"})
    CHECK_FALSE(own(host));
}
