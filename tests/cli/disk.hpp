#pragma once

#include <filesystem>

namespace end_to_end {

/// A disk of 1 MB on a folder, for the tests of this process and what they start; others do not see it.
class small_disk {
 public:
  explicit small_disk(std::filesystem::path const& folder);
  ~small_disk();
  small_disk(small_disk const&) = delete;
  small_disk& operator=(small_disk const&) = delete;

  /// Whether this process may mount.
  static bool possible();

 private:
  std::filesystem::path folder_;
};

}  // namespace end_to_end
