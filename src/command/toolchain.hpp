#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace constformer::command {

/// How models are compiled and linked: share/constformer/toolchain.json, written when constformer was built.
struct toolchain {
  std::string compiler;
  std::vector<std::string> flags;
  std::vector<std::string> include;          ///< absolute folders
  std::vector<std::string> system_include;   ///< absolute folders
  std::vector<std::string> libraries;        ///< of a model's program; absolute, in link order
  std::vector<std::string> train_libraries;  ///< of a trainer, alike
  std::vector<std::string> link_flags;
  std::string objcopy;  ///< of the binary utilities
  // Only in a build tree with tests, for this compiler and processor:
  std::string prelude;                ///< the header of models, compiled beforehand; empty: there is none
  std::string check_prelude;          ///< that of checks
  std::vector<std::string> launcher;  ///< stands before the compiler of models, and remembers what it made
};

/// ../share/constformer, as seen from the folder of this executable.
[[nodiscard]] std::filesystem::path shared_folder();

/// Reads ../share/constformer/toolchain.json, as seen from the folder of this executable.
[[nodiscard]] toolchain load_toolchain();

}  // namespace constformer::command
