#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/checkpoint/packed_layout.hpp"

namespace constformer {

/// How a matrix is brought near to the orthogonal one of its polar decomposition: by polynomials of the fifth degree.
enum class polar_method : std::uint8_t {
  newton_schulz,  ///< the same one each time (Jordan et al. 2024, kellerjordan.github.io/posts/muon)
  polar_express   ///< the best one for what is left to do (arXiv:2505.16932), for five steps, with a margin of 2 %
};

/// x ← a·x + (b·A + c·A²)·x with A = x·xᵀ.
struct polar_step {
  double a;  ///< of x
  double b;  ///< of A·x
  double c;  ///< of A²·x
};

/// The most steps that a method has.
inline constexpr std::size_t most_polar_steps = 5;

/// The steps of a method, in order.
[[nodiscard]] constexpr std::array<polar_step, most_polar_steps> polar_steps(polar_method method) {
  constexpr polar_step same{3.4445, -4.7750, 2.0315};
  if (method == polar_method::newton_schulz) return {same, same, same, same, same};
  return {polar_step{8.156554524902461, -22.48329292557795, 15.878769915207462},
          {4.042929935166739, -2.808917465908714, 0.5000178451051316},
          {3.8916678022926607, -2.772484153217685, 0.5060648178503393},
          {3.285753657755655, -2.3681294933425376, 0.46449024233003106},
          {2.3465413258596377, -1.7097828382687081, 0.42323551169305323}};
}

/// True of matrices (low, high) so wide that products of (low, low) are cheap beside those with the matrix itself.
[[nodiscard]] constexpr bool polar_is_wide(int low, int high) { return high >= 2 * low; }

/// What a Muon does, beside its numbers. As it is: Keller Jordan's, and nanochat's of October 2025.
struct muon_form {
  polar_method method = polar_method::newton_schulz;  ///< what makes the update orthogonal
  double margin = 1.0;                                ///< before that, it is divided by its Frobenius norm times this
  double eps = 1e-7;                                  ///< plus this
  bool equilibrated = false;  ///< its rows are brought to one norm before (MuonEq, arXiv:2603.28254)
  bool renormed = false;      ///< its norm is made that of an orthogonal matrix afterwards (Muon+, arXiv:2602.21545)
  bool normalised = false;    ///< rows, or columns, are divided by their running root mean square (arXiv:2510.05491)
  bool cautious = false;      ///< weights decay where the update makes them smaller only, and by the scaled rate
};

/// Floats from row to row where Muon works: no multiple of large powers of two, which would share few sets of a cache.
[[nodiscard]] constexpr std::int64_t muon_stride(int cols) { return padded(cols) + panel_rows; }

/// Muon, momentum made orthogonal, for matrices: its rate is multiplied by √max(1, rows/cols).
template <muon_form Form = muon_form{}>
struct muon_options {
  double momentum = 0.95;  ///< of the running mean of gradients
  double beta2 = 0.95;     ///< of the running mean square, if `Form` is normalised
  double decay = 0.0;      ///< weights shrink by decay·rate
  double rate = 1.0;       ///< times that of the schedule
  int steps = 5;           ///< of the method, 1 to 5
  bool nesterov = true;    ///< moves by the gradient mixed with its mean instead of by the mean

  static constexpr muon_form form = Form;            ///< what it does
  static constexpr bool moves_matrices_only = true;  ///< no vectors

  /// What it keeps of each parameter, as nanochat names it.
  static constexpr auto states = [] {
    if constexpr (Form.normalised)
      return std::array<std::string_view, 2>{"momentum_buffer", "second_momentum_buffer"};
    else
      return std::array<std::string_view, 1>{"momentum_buffer"};
  }();
  /// Values of a state of a parameter (rows, cols): the second has one a row, or one a column of a wide matrix.
  [[nodiscard]] static constexpr std::int64_t state_size(std::size_t state, int rows, int cols) {
    return state == 0 ? std::int64_t{rows} * cols : std::max(rows, cols);
  }
  /// Floats that all workers together work in.
  [[nodiscard]] static constexpr std::int64_t scratch(int rows, int cols) {
    int const low = std::min(rows, cols), high = std::max(rows, cols);
    return 2 * matrix_floats(rows, cols) + (polar_is_wide(low, high) ? 4 : 2) * low * muon_stride(low) +
           2 * std::int64_t{padded(high)};
  }
  /// Floats of a matrix of that shape or the transposed one, where Muon works.
  [[nodiscard]] static constexpr std::int64_t matrix_floats(int rows, int cols) {
    return std::max(rows * muon_stride(cols), cols * muon_stride(rows));
  }
};

/// nanochat's forms of Muon by the month that they came with; that of 2025-10 is `muon_form{}`.
namespace nanochat_muon {
/// Polar Express, NorMuon and cautious decay.
inline constexpr muon_form form_2026_01{
    .method = polar_method::polar_express, .margin = 1.02, .eps = 1e-6, .normalised = true, .cautious = true};
/// A smaller margin.
inline constexpr muon_form form_2026_03{
    .method = polar_method::polar_express, .margin = 1.01, .eps = 1e-6, .normalised = true, .cautious = true};
/// With MuonEq and Muon+.
inline constexpr muon_form form_2026_07{.method = polar_method::polar_express,
                                        .margin = 1.01,
                                        .eps = 1e-6,
                                        .equilibrated = true,
                                        .renormed = true,
                                        .normalised = true,
                                        .cautious = true};
/// Today's.
using options = muon_options<form_2026_07>;
}  // namespace nanochat_muon

}  // namespace constformer
