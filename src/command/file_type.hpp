#pragma once

#include <algorithm>
#include <string>

#include "constformer/core/dtype.hpp"

namespace constformer::command {

/// A type as GGUF and safetensors files call it: Q4_K.
[[nodiscard]] inline std::string file_type(dtype type) {
  std::string out(name_of(type));
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

}  // namespace constformer::command
