#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "constformer/config/config.hpp"

namespace constformer::command {

/// One instruction set that a portable program has a model unit for.
struct unit_target {
  std::string_view name;           ///< as Highway names it, in small letters: "avx2"
  std::string_view highway;        ///< Highway's macro of it: "HWY_AVX2"
  std::vector<std::string> flags;  ///< for the compiler
};

/// What `--target portable` compiles `model` for, best first: the instruction sets of x86 or of 64-bit ARM, as this
/// command was built for either. None of them is listed that would run the same kernels as the next.
[[nodiscard]] std::vector<unit_target> portable_targets(config const& model);

/// Flags that make one unit for `--target TARGET`: native, emu128 (vectors of 128 bits in plain C++), portable (what
/// every processor of the architecture has), the name of a `unit_target`, or what -march= takes.
[[nodiscard]] std::vector<std::string> target_flags(std::string_view target);

/// The same for the only unit of `model`: native products of bf16 are asked for where `model` has them.
[[nodiscard]] std::vector<std::string> model_flags(std::string_view target, config const& model);

/// The function by which a portable program's unit is found: `extern "C" constformer::model_unit const* NAME()`.
[[nodiscard]] std::string unit_function(unit_target const& target);

}  // namespace constformer::command
