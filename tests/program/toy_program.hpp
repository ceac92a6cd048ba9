#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "process.hpp"
#include "scratch_folder.hpp"
#include "toy_packed.hpp"

/// A toy program in a folder of its own, with its packed file beside it; the folder goes with the object.
class toy_program {
 public:
  enum class kind { decoder, encoder, embedded, counting, prefix };

  explicit toy_program(kind which = kind::decoder, toy::packed_choice const& choice = {});
  ~toy_program() = default;
  toy_program(toy_program const&) = delete;
  toy_program& operator=(toy_program const&) = delete;

  [[nodiscard]] outcome run(std::vector<std::string> arguments, process_options const& options = {}) const;

  /// With the decoder's logits following `script`.
  [[nodiscard]] outcome run_script(std::string const& script, std::vector<std::string> arguments) const;

  [[nodiscard]] std::filesystem::path packed() const;
  [[nodiscard]] std::filesystem::path file(std::string const& name) const { return folder_.path() / name; }

  /// Writes a file into the folder and returns its path.
  [[nodiscard]] std::string with_content(std::string const& name, std::string const& content) const;

  /// Names of all files in the folder, sorted, without those of the program itself.
  [[nodiscard]] std::vector<std::string> other_files() const;

 private:
  scratch_folder folder_;
};
