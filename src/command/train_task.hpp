#pragma once

#include <cstdint>

namespace constformer::command {

/// What a model learns to foretell.
enum class train_task : std::uint8_t {
  unknown,     ///< only a compiler knows
  next_token,  ///< decoders
  masked,      ///< encoders with a head for masked tokens
  pairs,       ///< encoder-decoders: targets of sources
};

}  // namespace constformer::command
