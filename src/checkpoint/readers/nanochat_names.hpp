#pragma once

#include <string>
#include <string_view>

namespace constformer {

/// nanochat's name of a tensor as models/nanochat.hpp has it, of a model of so many layers; one that it does not know
/// stays.
[[nodiscard]] std::string name_from_nanochat(std::string_view name, int layers);

/// The other way.
[[nodiscard]] std::string name_in_nanochat(std::string_view name, int layers);

}  // namespace constformer
