#pragma once

#include <span>
#include <string>

namespace constformer::serve {

/// The base64 of numbers as little-endian float32, as clients of OpenAI's read embeddings.
[[nodiscard]] std::string base64_of(std::span<float const> numbers);

}  // namespace constformer::serve
