#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "toolchain.hpp"

namespace constformer::command {

/// What the user says about the compiler, over the toolchain file.
struct compile_options {
  std::string compiler;             ///< empty: the toolchain's
  std::string target = "native";    ///< as `target_flags` takes it
  std::vector<std::string> more{};  ///< flags for units of models, beside ours
};

/// A command line, run in a work folder; relative names in it are there.
using command_line = std::vector<std::string>;

/// What a unit of a model is compiled with for the instruction set of `flags`, beside the folders of headers.
[[nodiscard]] std::vector<std::string> unit_flags(toolchain const& tools, compile_options const& options,
                                                  std::vector<std::string> const& flags);

/// The flag with which a compiler works out constants of any size: far above its own bound, for what is no endless
/// loop.
[[nodiscard]] std::string unbounded_constants(toolchain const& tools, compile_options const& options);

/// The same of the unit that checks a checkpoint.
[[nodiscard]] std::vector<std::string> check_flags(toolchain const& tools, compile_options const& options);

/// `flags` as a compiler reads them from @FILE, but for the language, which a build of one's own decides.
[[nodiscard]] std::string response_file(std::vector<std::string> const& flags);

/// Compiles `unit` into `object` with the compiler of `options`, for the instruction set of `flags`.
[[nodiscard]] command_line compile_line(toolchain const& tools, compile_options const& options,
                                        std::vector<std::string> const& flags, std::string_view unit,
                                        std::string_view object);

/// The same of a model for --target native, through the toolchain's precompiled headers and launcher where `options`
/// leave the compiler to it. Its functions are the same, made in half the time.
[[nodiscard]] command_line with_shortcuts(command_line line, toolchain const& tools, compile_options const& options);

/// Puts the whole of `object` into one section group after another, so that the linker takes none of its functions for
/// those of another object; writes `apart`. Functions that several instruction sets have in common by name must not be
/// mixed.
[[nodiscard]] command_line ungroup_line(toolchain const& tools, compile_options const& options, std::string_view object,
                                        std::string_view apart);

/// Hides all names of `object` but `function`.
[[nodiscard]] command_line hide_line(toolchain const& tools, std::string_view object, std::string_view function);

/// Checks `unit` and makes nothing.
[[nodiscard]] command_line check_line(toolchain const& tools, compile_options const& options, std::string_view unit);

/// The same, and makes `object` of what is left of it.
[[nodiscard]] command_line check_object_line(toolchain const& tools, compile_options const& options,
                                             std::string_view unit, std::string_view object);

/// Writes the bytes of a section of `object` to `file`.
[[nodiscard]] command_line section_line(toolchain const& tools, std::string_view object, std::string_view section,
                                        std::string_view file);

/// Links `objects` and `libraries`, a model's or a trainer's, into `program`.
[[nodiscard]] command_line link_line(toolchain const& tools, compile_options const& options,
                                     std::vector<std::string> const& objects, std::vector<std::string> const& libraries,
                                     std::string_view program);

/// What a compiler's output says first: the sentence of a SHAPE_ERROR, else its first error line; empty if it has none.
[[nodiscard]] std::string first_error(std::string_view output);

}  // namespace constformer::command
