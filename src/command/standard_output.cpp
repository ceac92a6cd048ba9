#include "standard_output.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

#include "constformer/core/error.hpp"

namespace constformer::command {

void print(std::string_view text) {
  bool const written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0)
    throw error("standard output cannot be written: " + std::generic_category().message(errno));
}

}  // namespace constformer::command
