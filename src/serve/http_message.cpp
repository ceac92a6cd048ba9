#include "http_message.hpp"

#include <algorithm>

#include "constformer/version.hpp"

namespace constformer::serve {

std::string_view http_request::header(std::string_view name) const {
  auto const found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

std::string answer_head(http_answer const& answer, http_request const& request, long length, std::string_view cors) {
  std::string out = request.http_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ";
  out += std::to_string(answer.status);
  out += ' ';
  out += reason_of(answer.status);
  auto const add = [&](std::string_view name, std::string_view value) {
    out += "\r\n";
    out += name;
    out += ": ";
    out += value;
  };
  add("Server", "constformer/" + std::string(version));
  if (!request.id.empty()) add("X-Request-Id", request.id);
  if (!cors.empty()) {
    add("Access-Control-Allow-Origin", cors);
    add("Vary", "Origin");
  }
  for (auto const& [name, value] : answer.headers) add(name, value);
  if (!answer.type.empty() && answer.status != 204) add("Content-Type", answer.type);
  if (length >= 0)
    add("Content-Length", std::to_string(length));
  else if (request.http_1_1)
    add("Transfer-Encoding", "chunked");
  bool const ends = answer.close || !request.keep_alive || (length < 0 && !request.http_1_1);
  if (ends)
    add("Connection", "close");
  else if (!request.http_1_1)
    add("Connection", "keep-alive");
  out += "\r\n\r\n";
  return out;
}

}  // namespace constformer::serve
