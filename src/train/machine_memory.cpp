#include "machine_memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace constformer::train {

namespace {

constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::max();

std::int64_t number_in(char const* file) {
  std::ifstream in(file);
  std::int64_t value = 0;
  return in >> value ? value : unknown;  // "max" is no number
}

std::int64_t available_in_machine() {
  std::ifstream in("/proc/meminfo");
  for (std::string key; in >> key;) {
    std::int64_t kilobytes = 0;
    if (key == "MemAvailable:" && in >> kilobytes) return kilobytes * 1024;
  }
  return unknown;
}

// Version 2 of control groups, as a container sees its own.
std::int64_t available_in_group() {
  std::int64_t const limit = number_in("/sys/fs/cgroup/memory.max");
  std::int64_t const used = number_in("/sys/fs/cgroup/memory.current");
  return limit == unknown || used == unknown ? unknown : std::max<std::int64_t>(limit - used, 0);
}

}  // namespace

std::int64_t available_memory() {
  std::int64_t const least = std::min(available_in_machine(), available_in_group());
  return least == unknown ? 0 : least;
}

}  // namespace constformer::train
