#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

/// Plain loops in double precision, and random data, for the tests of kernels.
namespace reference {

inline std::vector<float> random_floats(std::size_t count, std::uint32_t seed, float scale = 1.0F) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0F, scale);
  std::vector<float> out(count);
  for (float& x : out) x = normal(generator);
  return out;
}

/// The largest |a − b| over the largest |b|.
inline double distance(std::span<float const> a, std::span<double const> b) {
  double gap = 0;
  double range = 1e-30;
  for (std::size_t i = 0; i < b.size(); ++i) {
    double const apart = std::abs(static_cast<double>(a[i]) - b[i]);
    gap = std::isnan(apart) ? INFINITY : std::fmax(gap, apart);
    range = std::fmax(range, std::abs(b[i]));
  }
  return gap / range;
}

/// y (rows, out) = x (rows, in) · W (out, in)ᵀ.
inline std::vector<double> matmul(std::span<float const> x, std::span<float const> w, int rows, int in, int out) {
  std::vector<double> y;
  for (int r = 0; r < rows; ++r)
    for (int o = 0; o < out; ++o) {
      double sum = 0;
      for (int k = 0; k < in; ++k)
        sum += static_cast<double>(x[static_cast<std::size_t>(r * in + k)]) *
               static_cast<double>(w[static_cast<std::size_t>(o * in + k)]);
      y.push_back(sum);
    }
  return y;
}

}  // namespace reference
