#pragma once

#include <string>

#include "constformer/checkpoint/open.hpp"

namespace constformer::command {

/// What `inspect --model` is told.
struct traced_inspection {
  std::string model;     ///< FILE.hpp[:TYPE]
  std::string folder;    ///< of its parameters; empty: the model alone is looked at
  std::string compiler;  ///< empty: the toolchain's
  open_options open;     ///< of the folder
  bool json = false;     ///< what is told
};

/// What a model of one's own is and costs, as the compiler works it out; with a folder also that its tensors fit.
/// Throws `error` with the compiler's sentence if they do not, or the model does not.
[[nodiscard]] std::string inspect_traced(traced_inspection const& options);

}  // namespace constformer::command
