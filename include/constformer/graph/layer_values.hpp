#pragma once

#include <cstddef>
#include <initializer_list>

#include "constformer/config/layer_set.hpp"

namespace constformer {

/// A number for each layer of a loop; those after the last given one are 0.
struct layer_values {
  float values[layer_set::limit]{};  ///< by layer

  /// All 0.
  constexpr layer_values() = default;
  /// Those of the first layers.
  constexpr layer_values(std::initializer_list<float> first) {
    std::size_t i = 0;
    for (float value : first)
      if (i < layer_set::limit) values[i++] = value;
  }
};

}  // namespace constformer
