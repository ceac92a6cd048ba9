#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "running.hpp"

/// What the command and the programs say when they refuse something.
namespace end_to_end {

/// Runs the command with `arguments` and fails unless it ends with `status`, prints nothing on standard output and
/// exactly "constformer: error: <sentence>" and a line end on standard error.
void check_refusal(std::vector<std::string> const& arguments, std::string const& sentence, int status = 1,
                   run_options const& options = {});

/// The same for a program, which calls itself by its name.
void check_program_refusal(std::vector<std::string> const& call, std::string const& sentence, int status = 1,
                           run_options const& options = {});

/// The sentence of a refusal, for those whose words are a compiler's or the system's; fails if it is not one line of
/// the right form.
std::string refusal(std::vector<std::string> const& arguments, int status = 1, run_options const& options = {});

/// Names in a folder, sorted, those of hidden files too.
std::vector<std::string> names_in(std::filesystem::path const& folder);

}  // namespace end_to_end
