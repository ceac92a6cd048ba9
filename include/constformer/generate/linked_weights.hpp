#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace constformer {

/// Where the packed weights of the linked unit are: in the program, or in a file beside it.
struct weights_place {
  std::span<std::byte const> embedded;  ///< empty if beside
  std::string_view beside;              ///< file name, relative to the folder of the executable
};

/// Defined by the unit that `constformer build` generates.
[[nodiscard]] weights_place linked_weights();

}  // namespace constformer
