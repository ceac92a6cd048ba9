#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>

#include "constformer/config/config.hpp"

namespace constformer {

namespace detail {

// Dims below `low` turn fast enough to be kept, above `high` slowly enough to be stretched (arXiv:2309.00071, section
// 3.2).
struct yarn_ramp {
  double low;
  double high;
};

inline yarn_ramp yarn_ramp_of(rope_config const& r) {
  auto const dim_of_turns = [&](double turns) {
    return r.rotary_dims * std::log(r.original_positions / (turns * 2 * std::numbers::pi)) /
           (2 * std::log(static_cast<double>(r.theta)));
  };
  double low = dim_of_turns(static_cast<double>(r.beta_fast));
  double high = dim_of_turns(static_cast<double>(r.beta_slow));
  if (r.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::fmax(low, 0);
  high = std::fmin(high, r.rotary_dims - 1);
  return {low, low == high ? high + 0.001 : high};
}

inline double llama3_frequency(rope_config const& r, double frequency) {
  double const wavelength = 2 * std::numbers::pi / frequency;
  double const low_wavelength = static_cast<double>(r.original_positions) / static_cast<double>(r.low_freq_factor);
  double const high_wavelength = static_cast<double>(r.original_positions) / static_cast<double>(r.high_freq_factor);
  if (wavelength > low_wavelength) return frequency / static_cast<double>(r.factor);
  if (wavelength < high_wavelength) return frequency;
  double const smooth = (r.original_positions / wavelength - static_cast<double>(r.low_freq_factor)) /
                        static_cast<double>(r.high_freq_factor - r.low_freq_factor);
  return (1 - smooth) * frequency / static_cast<double>(r.factor) + smooth * frequency;
}

// NTK-aware base of a context that has grown to `length` tokens.
inline double dynamic_theta(rope_config const& r, int length) {
  double const theta = static_cast<double>(r.theta);
  if (length <= r.original_positions || r.rotary_dims <= 2) return theta;
  double const stretch =
      static_cast<double>(r.factor) * length / r.original_positions - (static_cast<double>(r.factor) - 1);
  return theta * std::pow(stretch, r.rotary_dims / (r.rotary_dims - 2.0));
}

// The nearest float16, ties to even; frequencies lie between 0 and 1.
inline double rounded_to_f16(double value) {
  if (value == 0) return 0;
  double const unit = std::fmax(std::ldexp(1.0, std::ilogb(value) - 10), std::ldexp(1.0, -24));
  return std::nearbyint(value / unit) * unit;
}

}  // namespace detail

/// Radians per position of each rotating pair of a plane (rotary_dims / planes / 2), θ^(−2j/rotary_dims) and its
/// scalings; `length` is the context that dynamic scaling adapts to, and that decides which table of longrope counts
/// (arXiv:2402.13753). Rounded to float, as the reference implementations keep them.
inline void rope_frequencies(rope_config const& r, int length, std::span<float> out) {
  bool const dynamic = r.scaling == rope_scaling_kind::dynamic;
  double const theta = dynamic ? detail::dynamic_theta(r, length) : static_cast<double>(r.theta);
  detail::yarn_ramp const ramp =
      r.scaling == rope_scaling_kind::yarn ? detail::yarn_ramp_of(r) : detail::yarn_ramp{0, 1};
  for (std::size_t j = 0; j < out.size(); ++j) {
    double frequency = std::pow(theta, -2.0 * static_cast<double>(j) * r.planes / r.rotary_dims);
    switch (r.scaling) {
      case rope_scaling_kind::none:
      case rope_scaling_kind::dynamic: break;
      case rope_scaling_kind::longrope:
        frequency /= static_cast<double>((length > r.original_positions ? r.long_factors : r.short_factors).values[j]);
        break;
      case rope_scaling_kind::linear: frequency /= static_cast<double>(r.factor); break;
      case rope_scaling_kind::llama3: frequency = detail::llama3_frequency(r, frequency); break;
      case rope_scaling_kind::yarn: {
        double const stretched =
            std::fmin(std::fmax((static_cast<double>(j) - ramp.low) / (ramp.high - ramp.low), 0), 1);
        frequency *= stretched / static_cast<double>(r.factor) + (1 - stretched);
        break;
      }
    }
    if (r.backwards) frequency = -frequency;
    out[j] = static_cast<float>(r.f16_frequencies ? detail::rounded_to_f16(frequency) : frequency);
  }
}

/// Factors of one position, (rotary_dims) each, for pairs that are neighbours: out[2j] = x[2j]·cos[2j] +
/// x[2j+1]·sin[2j], and out[2j+1] = x[2j+1]·cos[2j+1] + x[2j]·sin[2j+1]; sin[2j] is −sin θ and sin[2j+1] is sin θ.
inline void rope_factors(std::span<float const> frequencies, int position, float attention_factor, float* cos,
                         float* sin) {
  for (std::size_t j = 0; j < frequencies.size(); ++j) {
    float const angle = static_cast<float>(position) * frequencies[j];  // in float, as the reference implementations do
    float const c = std::cos(angle) * attention_factor;
    float const s = std::sin(angle) * attention_factor;
    cos[2 * j] = cos[2 * j + 1] = c;
    sin[2 * j] = -s;
    sin[2 * j + 1] = s;
  }
}

}  // namespace constformer
