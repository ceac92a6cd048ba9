#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace constformer {

/// AdamW (arXiv:1711.05101) as torch has it; with `decay` 0 it is Adam. llm.c's is the same but for rounding, BERT's
/// has no correction, torch's Adam decays by the gradient.
struct adamw_options {
  double beta1 = 0.9;            ///< of the mean
  double beta2 = 0.999;          ///< of the mean square
  double eps = 1e-8;             ///< added to its root
  double decay = 0.01;           ///< weights shrink by decay·rate first
  double rate = 1.0;             ///< times that of the schedule
  bool corrected = true;         ///< means are divided by 1 − βᵗ
  bool eps_corrected = false;    ///< eps is added to the root before that (nanochat until 2026-01, modded-nanogpt)
  bool decays_gradient = false;  ///< decay·weight is added to the gradient instead

  /// What it keeps of each parameter, as torch names it.
  static constexpr std::array<std::string_view, 2> states{"exp_avg", "exp_avg_sq"};
  /// Values of a state of a parameter (rows, cols), or of a vector (rows).
  [[nodiscard]] static constexpr std::int64_t state_size(std::size_t, int rows, int cols) {
    return std::int64_t{rows} * (cols == 0 ? 1 : cols);
  }
};

/// torch.optim.Adam, where `decay` is that of the gradient (arXiv:1412.6980).
inline constexpr adamw_options adam{.decay = 0.0, .decays_gradient = true};
/// The AdamW of BERT's original (arXiv:1810.04805), for all but norms and biases; these decay by 0.
inline constexpr adamw_options bert_adamw{.eps = 1e-6, .decay = 0.01, .corrected = false};

}  // namespace constformer
