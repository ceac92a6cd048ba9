#include "log.hpp"

#include <poll.h>
#include <unistd.h>

namespace constformer::serve {

void log_line(std::string line) {
  line += '\n';
  pollfd to{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&to, 1, 0) != 1 || (to.revents & POLLOUT) == 0) return;
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace constformer::serve
