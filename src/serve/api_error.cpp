#include "api_error.hpp"

#include "json_writer.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t longest_message = 1000;

void member_or_null(json_writer& out, std::string_view name, std::string_view value) {
  out.key(name);
  if (value.empty())
    out.null();
  else
    out.value(value);
}

}  // namespace

std::string error_body(api_error const& problem) {
  json_writer out;
  out.begin_object().key("error").begin_object();
  out.member("message", std::string_view(problem.what()).substr(0, longest_message));
  out.member("type", problem.type);
  member_or_null(out, "param", std::string_view(problem.param).substr(0, longest_message));
  member_or_null(out, "code", problem.code);
  out.end_object().end_object();
  return out.take();
}

}  // namespace constformer::serve
