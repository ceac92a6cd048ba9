#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_file.hpp"

namespace constformer::command {

/// A checkpoint taken back out of packed weights.
struct unpacked {
  checkpoint source;  ///< config, prefix and tensors; `stored` has them by the names of the files they came from
  std::vector<std::vector<std::byte>> values;  ///< what the tensors view
};

/// Runs pack_plan_of the config backwards: every tensor as it came in, in its own type where the packed type holds all of it and
/// in the packed type where it was rounded to that. Throws `error` if the file does not say what it was packed from,
/// if that is of another model than its weights, or if the weights are in blocks, which are not given back.
[[nodiscard]] unpacked unpack(packed_file const& file, std::string const& where);

}  // namespace constformer::command
