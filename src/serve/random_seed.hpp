#pragma once

#include <cstdint>

namespace constformer::serve {

/// 64 bits that nobody can foretell.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace constformer::serve
