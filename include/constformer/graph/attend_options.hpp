#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"

namespace constformer {

/// Which keys a query sees, and what becomes of its scores.
struct attend_options {
  int window = 0;                      ///< a query sees this many keys, itself included; 0: no limit; causal alone
  mask_kind mask = mask_kind::causal;  ///< those up to itself; all; or those up to itself and the sequence's prefix
  layer_set unwindowed{};              ///< layers of the loop at hand without the window
  float scale = 0.0F;                  ///< what q·k is multiplied by; 0: 1/√head_dim
  bool scale_by_layer = false;         ///< which is divided by the layer's index + 1
  float softcap = 0.0F;                ///< scores become cap·tanh(score/cap); 0: they stay
  float dropout = 0.0F;                ///< share of the probabilities that is dropped while the model learns
  relative_config relative{};          ///< buckets of distances, if there is a table of biases

  bool operator==(attend_options const&) const = default;
};

}  // namespace constformer
