#pragma once

#include <cstdint>

namespace constformer::train {

/// Bytes that this process can still get without swapping: the machine's, or its control group's if that is less; 0
/// if neither tells.
[[nodiscard]] std::int64_t available_memory();

}  // namespace constformer::train
