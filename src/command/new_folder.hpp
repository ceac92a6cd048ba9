#pragma once

#include <filesystem>

namespace constformer::command {

/// A folder that is taken away again if it was made here and nothing came of it.
class new_folder {
 public:
  /// Makes `path` unless it is there; throws `error` if it cannot.
  explicit new_folder(std::filesystem::path path);
  ~new_folder();
  new_folder(new_folder const&) = delete;
  new_folder& operator=(new_folder const&) = delete;

  /// Something came of it.
  void keep() { made_ = false; }

 private:
  std::filesystem::path path_;
  bool made_ = false;
};

}  // namespace constformer::command
