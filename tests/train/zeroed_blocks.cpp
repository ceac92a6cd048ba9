#include "zeroed_blocks.hpp"

#include <cstddef>

namespace {

std::size_t bytes = 0;

}  // namespace

std::size_t zeroed_bytes_so_far() { return bytes; }

// The linker puts it before every calloc of this program's own code (--wrap=calloc).
extern "C" void* __real_calloc(std::size_t count, std::size_t size) noexcept;  // NOLINT(bugprone-reserved-identifier)
extern "C" void* __wrap_calloc(std::size_t count, std::size_t size) noexcept;  // NOLINT(bugprone-reserved-identifier)
extern "C" void* __wrap_calloc(std::size_t count, std::size_t size) noexcept {
  bytes += count * size;
  return __real_calloc(count, size);
}
