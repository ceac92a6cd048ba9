#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/core/dtype.hpp"

namespace constformer {

/// The type that holds what values of safetensors' `type` say, if none of ours has them as they are stored: f32 of F64,
/// rounded to nearest, f16 of F8_E4M3 and F8_E5M2, exactly.
[[nodiscard]] std::optional<dtype> wider_type(std::string_view type);

/// The values of `bytes` in `wider_type(type)`.
[[nodiscard]] std::vector<std::byte> widened(std::string_view type, std::span<std::byte const> bytes);

}  // namespace constformer
