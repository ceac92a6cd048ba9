#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

/// Where things are, and programs built by the command, each once for all test programs.
namespace end_to_end {

/// A folder of checkpoints that are not in the repository; the test case is skipped where there is none.
std::filesystem::path shared_data(std::string const& name);

/// A path below the source tree.
std::filesystem::path source(std::string const& local);

/// The command.
std::string command();

/// A folder of this build tree for programs and checkpoints that tests make; it is kept from run to run.
std::filesystem::path workshop();

/// A new empty folder in the workshop for this test program alone, whatever was there before.
std::filesystem::path fresh_folder(std::string const& name);

/// A checkpoint in the workshop: `files` under the names that they have in it, and this config.json.
struct linked_file {
  std::string name;
  std::filesystem::path from;
};
std::filesystem::path linked_checkpoint(std::string const& name, std::vector<linked_file> const& files,
                                        nlohmann::json const& config = {});

/// The program of a checkpoint. It is built if there is none newer than everything that it is made of; `options` are
/// those of `build`.
std::string program(std::string const& name, std::filesystem::path const& checkpoint,
                    std::vector<std::string> const& options = {});

/// The folder that `--keep` left of program(name, …).
std::filesystem::path kept(std::string const& name);

nlohmann::json read_json(std::filesystem::path const& file);

std::string read_text(std::filesystem::path const& file);

/// Ids as options take them and as programs print them.
std::string joined(std::vector<int> const& ids, char between);

}  // namespace end_to_end
