#pragma once

#include <string>

#include "options.hpp"

namespace constformer::program {

/// Parses the arguments of the process; throws `usage_error`. `name` is how help calls the program.
command parse_command_line(int argc, char const* const* argv, std::string const& name);

}  // namespace constformer::program
