#include "log.hpp"

#include <poll.h>
#include <unistd.h>

#include "json_writer.hpp"

namespace constformer::serve {

void log_line(std::string line) {
  line += '\n';
  pollfd to{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&to, 1, 0) != 1 || (to.revents & POLLOUT) == 0) return;
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, line.data(), line.size());
}

void log_event(bool json, std::string_view event, std::string_view member, std::string_view value) {
  if (!json) return log_line(std::string(event) + ": " + std::string(value));
  json_writer w;
  w.begin_object().member("event", event).member(member, value).end_object();
  log_line(w.take());
}

}  // namespace constformer::serve
