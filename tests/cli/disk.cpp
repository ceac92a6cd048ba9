#include "disk.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <stdexcept>

namespace end_to_end {

// From the first call on this process has its own view of what is mounted.
bool small_disk::possible() {
  static bool const may =
      ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return may;
}

small_disk::small_disk(std::filesystem::path const& folder) : folder_(folder) {
  if (!possible() || ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") != 0)
    throw std::runtime_error("no disk can be mounted");
}

small_disk::~small_disk() { ::umount2(folder_.c_str(), MNT_DETACH); }

}  // namespace end_to_end
