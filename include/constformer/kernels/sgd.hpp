#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace constformer {

/// Stochastic gradient descent with momentum, as torch.optim.SGD has it.
struct sgd_options {
  double momentum = 0.9;   ///< of the running sum of gradients; 0: none
  double dampening = 0.0;  ///< what it takes of a gradient is 1 − dampening, but for the first
  double decay = 0.0;      ///< decay·weight is added to the gradient
  double rate = 1.0;       ///< times that of the schedule
  bool nesterov = false;   ///< moves by gradient + momentum·sum instead of by the sum

  /// What it keeps of each parameter, as torch names it.
  static constexpr std::array<std::string_view, 1> states{"momentum_buffer"};
  /// Values of a state of a parameter (rows, cols), or of a vector (rows).
  [[nodiscard]] static constexpr std::int64_t state_size(std::size_t, int rows, int cols) {
    return std::int64_t{rows} * (cols == 0 ? 1 : cols);
  }
};

}  // namespace constformer
