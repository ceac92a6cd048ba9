#include "output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>

#include "errors.hpp"

namespace constformer::program {

void output::put(std::string_view text) {
  while (!text.empty()) {
    if (size_ == buffer_.size()) flush();
    std::size_t const part = std::min(text.size(), buffer_.size() - size_);
    std::memcpy(buffer_.data() + size_, text.data(), part);
    size_ += part;
    text.remove_prefix(part);
  }
}

void output::put(long long number) {
  char digits[24];
  put(std::string_view(digits, std::to_chars(digits, digits + sizeof digits, number).ptr));
}

void output::put(float number) {
  char digits[32];
  put(std::string_view(digits, std::to_chars(digits, digits + sizeof digits, number).ptr));
}

void output::put_rounded(double number) {
  char digits[32];
  put(std::string_view(digits,
                       std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 6).ptr));
}

void output::flush() {
  if (text_ != nullptr) {
    text_->append(buffer_.data(), size_);
    size_ = 0;
    return;
  }
  std::size_t done = 0;
  while (done < size_) {
    ::ssize_t const written = ::write(STDOUT_FILENO, buffer_.data() + done, size_ - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      size_ = 0;
      if (errno == EPIPE) throw output_closed();
      throw error("standard output cannot be written: " + std::generic_category().message(errno));
    }
    done += static_cast<std::size_t>(written);
  }
  size_ = 0;
}

void note(char const* format, ...) {
  char line[8192];  // one write, so that lines of several programs do not mix
  std::va_list arguments;
  va_start(arguments, format);
  int const wanted = std::vsnprintf(line, sizeof line - 1, format, arguments);
  va_end(arguments);
  auto size = static_cast<std::size_t>(std::clamp(wanted, 0, static_cast<int>(sizeof line) - 2));
  line[size++] = '\n';
  static_cast<void>(std::fwrite(line, 1, size, stderr));
}

}  // namespace constformer::program
