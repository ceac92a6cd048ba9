#pragma once

#include <cstdint>
#include <span>

#include "constformer/generate/session.hpp"

namespace constformer {

/// The model compiled for one instruction set. The units of a program differ in nothing else, and read the same packed
/// weights.
struct unit_of_target {
  std::int64_t target;          ///< Highway's bit of it: HWY_AVX2
  model_unit const* (*unit)();  ///< may be called where the processor has it
};

/// The first of `units` whose instruction set this processor has; if the environment variable CONSTFORMER_TARGET names
/// one of them, as `hwy::TargetName` spells it ("AVX2", case is of no matter), that one. Throws `error` if it is not
/// among them, or if the processor has none.
[[nodiscard]] model_unit const& best_unit(std::span<unit_of_target const> units);

}  // namespace constformer
