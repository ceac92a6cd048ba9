#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "toolchain.hpp"

namespace constformer::command {

/// What the user says about the compiler, over the toolchain file.
struct compile_options {
  std::string compiler;           ///< empty: the toolchain's
  std::string target = "native";  ///< as -march= takes it
};

/// A command line, run in a work folder; relative names in it are there.
using command_line = std::vector<std::string>;

/// Compiles `unit` (model or weights) into `object`.
[[nodiscard]] command_line compile_line(toolchain const& tools, compile_options const& options, std::string_view unit,
                                        std::string_view object);

/// The same for the model, through the toolchain's precompiled headers and launcher if it has them for this compiler and processor.
/// Its functions are the same, made in half the time.
[[nodiscard]] command_line compile_model_line(toolchain const& tools, compile_options const& options,
                                              std::string_view unit, std::string_view object);

/// Checks `unit` and makes nothing.
[[nodiscard]] command_line check_line(toolchain const& tools, compile_options const& options, std::string_view unit);

/// Links `objects` and the libraries into `program`.
[[nodiscard]] command_line link_line(toolchain const& tools, compile_options const& options,
                                     std::vector<std::string> const& objects, std::string_view program);

/// What a compiler's output says first: the sentence of a SHAPE_ERROR, else its first error line; empty if it has none.
[[nodiscard]] std::string first_error(std::string_view output);

}  // namespace constformer::command
