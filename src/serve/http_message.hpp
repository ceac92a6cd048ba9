#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace constformer::serve {

/// A request as it was read.
struct http_request {
  std::string method;
  std::string path;   ///< of the target, without the query
  std::string query;  ///< behind the question mark
  bool http_1_1 = true;
  bool keep_alive = true;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::string id;   ///< x-request-id of the client, or one of ours
  std::string key;  ///< with which it was let in; empty: none was asked for

  /// The value of the first header of that name (in lower case), or nothing.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// An answer that is known as a whole.
struct http_answer {
  int status = 200;
  std::string_view type = "application/json";
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers{};
  bool close = false;  ///< the connection ends with it
};

/// Head of an answer with the headers that all have, up to the empty line; `length` below 0: chunked, or until the
/// connection ends.
[[nodiscard]] std::string answer_head(http_answer const& answer, http_request const& request, long length,
                                      std::string_view cors);

/// "Not Found" of 404.
[[nodiscard]] std::string_view reason_of(int status);

}  // namespace constformer::serve
