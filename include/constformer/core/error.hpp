#pragma once

#include <stdexcept>

namespace constformer {

/// What every part of constformer throws on bad input: one plain sentence that names the file, tensor or field and both
/// numbers.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace constformer
