#pragma once

#include <string_view>

#include "constformer/config/kinds.hpp"

namespace constformer {

/// What stands before the tensor names of the usual class of checkpoint of a family; files of the bare model have
/// nothing there.
[[nodiscard]] std::string_view usual_prefix(family_kind family);

}  // namespace constformer
