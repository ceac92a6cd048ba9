#pragma once

#include <memory>

#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/generate/linked_weights.hpp"
#include "constformer/generate/session.hpp"

namespace end_to_end {

/// The model unit and the weights that `constformer build --keep` left, linked into this test: the way a model comes
/// into someone's own program.
inline std::unique_ptr<constformer::session> start_linked_model(int threads) {
  auto const& unit = constformer::linked_unit();
  static auto const packed = constformer::packed_file::view(constformer::linked_weights().embedded, "embedded weights");
  packed.require(unit.fingerprint, unit.weight_bytes);
  return unit.start(packed.section(constformer::packed_section::weights).data(), {.threads = threads, .capacity = 0});
}

}  // namespace end_to_end
