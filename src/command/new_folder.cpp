#include "new_folder.hpp"

#include <system_error>
#include <utility>

#include "constformer/core/error.hpp"

namespace constformer::command {

new_folder::new_folder(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code failed;
  made_ = std::filesystem::create_directories(path_, failed);
  if (failed) throw error(path_.string() + ": cannot be made: " + failed.message());
}

new_folder::~new_folder() {
  std::error_code ignored;
  if (made_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace constformer::command
