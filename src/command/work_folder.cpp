#include "work_folder.hpp"

#include <stdlib.h>  // mkdtemp, setenv

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "constformer/core/error.hpp"

namespace constformer::command {

work_folder::work_folder() : temporary_(true) {
  std::error_code failure;
  auto const parent = std::filesystem::temp_directory_path(failure);
  if (failure) throw error("no folder for temporary files: " + failure.message());
  std::string pattern = (parent / "constformer-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw error(parent.string() + ": cannot make a folder in it: " + std::strerror(errno));
  path_ = pattern;
}

work_folder::work_folder(std::filesystem::path const& kept) : temporary_(false) {
  std::error_code failure;
  std::filesystem::create_directories(kept, failure);
  if (failure) throw error(kept.string() + ": cannot be made: " + failure.message());
  path_ = std::filesystem::absolute(kept);
}

void work_folder::hold_temporary_files() const { setenv("TMPDIR", path_.c_str(), 1); }

work_folder::~work_folder() {
  std::error_code ignored;
  if (temporary_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace constformer::command
