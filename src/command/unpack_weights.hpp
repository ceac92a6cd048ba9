#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer::command {

/// A checkpoint taken back out of packed weights.
struct unpacked {
  checkpoint source;  ///< config, prefix and tensors; `stored` has them by the names of the files they came from
  std::vector<std::vector<std::byte>> values;  ///< what the tensors view
  bool several_types = false;                  ///< of blocks
  std::optional<dtype> rounded_to{};           ///< the type of blocks that matrices are in: they come back as f32
};

/// Runs pack_plan_of the config backwards: every tensor as it came in, in its own type where the packed type holds all
/// of it, in the packed type where it was rounded to that, and in f32 what blocks stand for. Throws `error` if the file
/// does not say what it was packed from, or if that is of another model than its weights.
[[nodiscard]] unpacked unpack(packed_file const& file, std::string const& where);

}  // namespace constformer::command
