// Runs of `constformer train` in tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "programs.hpp"
#include "running.hpp"

namespace end_to_end {

/// A model of two layers that all tests train, so that its trainer is compiled once: a JSON that leaves the vocabulary
/// to the text.
std::filesystem::path small_config();

/// The text that they train it on.
std::filesystem::path small_text();

/// A file of that name in the workshop.
std::filesystem::path written(std::string const& name, std::string const& content);

/// The command's words: small_config and small_text into `folder`, 24 steps of 4 × 32 tokens, evaluated and saved every
/// 8th; then `more`. Compiled trainers are kept in the workshop.
std::vector<std::string> training(std::filesystem::path const& folder, std::vector<std::string> const& more = {});

/// Options to run it with.
run_options training_options();

/// log.jsonl without what clocks say.
std::vector<nlohmann::json> log_of(std::filesystem::path const& folder);

/// What a Python script of the project prints. The test is skipped where the script lacks a package (it ends with 77),
/// so this stands in no CHECK: with CATCH_CONFIG_FAST_COMPILE an exception inside of one is a failure.
std::string python_output(std::string const& script, std::vector<std::string> const& arguments);

/// Whether two runs left the same model, state, samples and log, bit for bit.
void check_same_run(std::filesystem::path const& one, std::filesystem::path const& other);

/// Interrupted at any moment, the run of `words` into `stopped` goes on with the bits of `whole`, which was not.
void check_resume(std::filesystem::path const& whole, std::filesystem::path const& stopped,
                  std::vector<std::string> const& words);

}  // namespace end_to_end
