#pragma once

#include <string>
#include <vector>

namespace constformer::train {

/// What a run is told of adapters.
struct lora_settings {
  int rank = 0;                        ///< 0: there are none
  double alpha = 8.0;                  ///< over rank: what they add is multiplied by it
  double dropout = 0.0;                ///< of what they take
  std::vector<std::string> targets{};  ///< layers beside which they stand, as the model's files call them
};

}  // namespace constformer::train
