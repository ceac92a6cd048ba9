#pragma once

#include <string>
#include <vector>

#include "compile.hpp"
#include "constformer/config/config.hpp"
#include "sources.hpp"
#include "toolchain.hpp"

namespace constformer::command {

/// One object of a program and how it is made in the work folder.
struct object_plan {
  std::string source;               ///< name of its source
  std::string text;                 ///< what stands in it
  std::string object;               ///< what is linked
  std::vector<command_line> lines;  ///< run one after another; the first compiles
};

/// The model and what chooses among its instruction sets: one object, or for --target portable one for each set and the
/// choice.
[[nodiscard]] std::vector<object_plan> model_objects(toolchain const& tools, compile_options const& options,
                                                     config const& model, unit_parts const& unit);

}  // namespace constformer::command
