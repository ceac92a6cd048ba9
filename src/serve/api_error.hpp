#pragma once

#include <string>
#include <string_view>

#include "constformer/core/error.hpp"

namespace constformer::serve {

/// A request that is answered with an error, in OpenAI's form.
struct api_error : error {
  api_error(int status_code, std::string_view kind, std::string const& message, std::string_view field = {},
            std::string_view short_name = {})
      : error(message), status(status_code), type(kind), param(field), code(short_name) {}

  int status;         ///< of HTTP
  std::string type;   ///< invalid_request_error …
  std::string param;  ///< the field that is to blame; empty: none
  std::string code;   ///< for programs; empty: none
};

/// 400: the request makes no sense, because of `field`.
[[nodiscard]] inline api_error bad_request(std::string const& message, std::string_view field = {},
                                           std::string_view code = {}) {
  return {400, "invalid_request_error", message, field, code};
}

/// 400: there are both numbers in `message`.
[[nodiscard]] inline api_error context_exceeded(std::string const& message, std::string_view field) {
  return bad_request(message, field, "context_length_exceeded");
}

/// 503: the queue is full, or the server ends; the client may try again.
[[nodiscard]] inline api_error overloaded(std::string const& message, std::string_view code) {
  return {503, "overloaded_error", message, {}, code};
}

/// The body of such an answer; a message is cut at 1,000 bytes, so that no request is echoed at length.
[[nodiscard]] std::string error_body(api_error const& problem);

}  // namespace constformer::serve
