#pragma once

#include <filesystem>

namespace constformer::command {

/// A folder for the files of one build: a temporary one that goes away with the object, or one that the user keeps.
class work_folder {
 public:
  /// A new folder where the system keeps temporary files.
  work_folder();

  /// `kept` is made if it is not there, and stays.
  explicit work_folder(std::filesystem::path const& kept);

  ~work_folder();
  work_folder(work_folder const&) = delete;
  work_folder& operator=(work_folder const&) = delete;

  [[nodiscard]] std::filesystem::path const& path() const { return path_; }

  /// Programs started from here on keep their temporary files in this folder, so that they go away with it even if such
  /// a program is killed.
  void hold_temporary_files() const;

 private:
  std::filesystem::path path_;
  bool temporary_;
};

}  // namespace constformer::command
