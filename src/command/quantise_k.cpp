#include "quantise_k.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "../checkpoint/readers/ggml_blocks.hpp"
#include "constformer/checkpoint/packed_blocks.hpp"
#include "half.hpp"

namespace constformer::command {

namespace {

using floats = std::span<float const>;

// To the nearest, ties to even, as ggml does it.
int nearest(float value) { return static_cast<int>(std::lrint(value)); }

float largest_of(floats x) {
  return *std::ranges::max_element(x, {}, [](float v) { return std::abs(v); });
}

constexpr float negligible = 1e-15F;

// The scale s of 16 values, x ≈ s·q with q from −32 to 31, of least squared error weighted by x²: of 19 that bring the
// largest value near the end of the range.
float symmetric_scale(floats x) {
  float const top = largest_of(x);
  if (std::abs(top) < negligible) return 0.0F;
  float best = -1.0F, scale = 0.0F;
  auto const attempt = [&](float inverse) {
    float above = 0.0F, below = 0.0F;
    for (float const v : x) {
      auto const q = static_cast<float>(std::clamp(nearest(inverse * v), -32, 31));
      above += v * v * v * q;
      below += v * v * q * q;
    }
    if (below > 0 && above * above > best * below) {
      scale = above / below;
      best = scale * above;
    }
  };
  attempt(-32.0F / top);
  for (int step = -9; step <= 9; ++step)
    if (step != 0) attempt(-(32.0F + 0.1F * static_cast<float>(step)) / top);
  return scale;
}

k_group quantise_q6_k(floats x) {
  k_group out;
  std::array<float, 16> scales{};
  for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = symmetric_scale(x.subspan(16 * i, 16));
  float const top = largest_of(scales);
  if (std::abs(top) < negligible) return out;
  float const inverse = -128.0F / top;
  out.scale = to_f16(1.0F / inverse);
  for (std::size_t i = 0; i < scales.size(); ++i) out.factors[i] = std::min(127, nearest(inverse * scales[i]));
  for (std::size_t k = 0; k < x.size(); ++k) {
    float const step = from_f16(out.scale) * static_cast<float>(out.factors[k / 16]);
    if (step != 0.0F) out.values[k] = std::clamp(nearest(x[k] / step), -32, 31);
  }
  return out;
}

// x ≈ scale·q − least with q from 0 to the largest.
struct affine {
  float scale = 0.0F;
  float least = 0.0F;
};

// How many steps an affine fit tries, and how far its first is from the range of the values.
struct affine_search {
  int largest;  // q
  float first;
  int steps;
};

// The weighted least squares of a few scalings of 32 values; the error counts with the values as they are rounded.
affine affine_fit(floats x, affine_search const& search) {
  float squares = 0.0F;
  for (float const v : x) squares += v * v;
  float const mean = std::sqrt(squares / static_cast<float>(x.size()));
  auto const weight = [&](float v) { return mean + std::abs(v); };
  auto const [low, high] = std::ranges::minmax(x);
  float const least = std::min(low, 0.0F);
  if (high == least) return {0.0F, -least};
  auto const steps = static_cast<float>(search.largest);
  auto const rounded = [&](float inverse, float v) {
    return static_cast<float>(std::clamp(nearest(inverse * (v - least)), 0, search.largest));
  };
  auto const error_of = [&](float inverse, float scale, float offset) {
    float sum = 0.0F;
    for (float const v : x) {
      float const gap = scale * rounded(inverse, v) + offset - v;
      sum += weight(v) * gap * gap;
    }
    return sum;
  };
  float weights = 0.0F, weighted = 0.0F;
  for (float const v : x) weights += weight(v), weighted += weight(v) * v;
  affine best{(high - least) / steps, least};
  float smallest = error_of(steps / (high - least), best.scale, best.least);
  for (int i = 0; i <= search.steps; ++i) {
    float const inverse = (search.first + 0.1F * static_cast<float>(i) + steps) / (high - least);
    float sum = 0.0F, square = 0.0F, product = 0.0F;
    for (float const v : x) {
      float const q = rounded(inverse, v);
      sum += weight(v) * q, square += weight(v) * q * q, product += weight(v) * q * v;
    }
    float const determinant = weights * square - sum * sum;
    if (determinant <= 0) continue;
    affine fit{(weights * product - weighted * sum) / determinant, (square * weighted - sum * product) / determinant};
    if (fit.least > 0) fit = {product / square, 0.0F};
    if (float const error = error_of(inverse, fit.scale, fit.least); error < smallest) best = fit, smallest = error;
  }
  return {best.scale, -best.least};
}

k_group quantise_affine(floats x, affine_search const& search) {
  constexpr std::size_t parts = super_pieces;
  std::array<affine, parts> fits{};
  affine top;
  for (std::size_t i = 0; i < parts; ++i) {
    fits[i] = affine_fit(x.subspan(block_columns * i, block_columns), search);
    top = {std::max(top.scale, fits[i].scale), std::max(top.least, fits[i].least)};
  }
  auto const to_six_bits = [](float value, float most) {
    return most > 0 ? std::min(63, nearest(63.0F / most * value)) : 0;
  };
  k_group out{.scale = to_f16(top.scale / 63.0F), .least = to_f16(top.least / 63.0F)};
  for (std::size_t k = 0; k < x.size(); ++k) {
    affine const& fit = fits[k / block_columns];
    int const factor = out.factors[k / 16] = to_six_bits(fit.scale, top.scale);
    int const offset = out.offsets[k / 16] = to_six_bits(fit.least, top.least);
    float const step = from_f16(out.scale) * static_cast<float>(factor);
    float const least = from_f16(out.least) * static_cast<float>(offset);
    if (step != 0.0F) out.values[k] = std::clamp(nearest((x[k] + least) / step), 0, search.largest);
  }
  return out;
}

int byte_at(std::byte const* block, std::size_t at) { return std::to_integer<int>(block[at]); }

std::uint16_t half_at(std::byte const* block, std::size_t at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, block + at, sizeof bits);
  return bits;
}

// Scales and offsets of q4_k and q5_k.
void read_six_bits(std::byte const* block, k_group& out) {
  constexpr std::size_t packed = 4;
  std::span<std::byte const, k_scale_bytes> const bytes(block + packed, k_scale_bytes);
  out.scale = half_at(block, 0);
  out.least = half_at(block, 2);
  for (std::size_t i = 0; i < out.factors.size(); ++i) {
    out.factors[i] = k_scale(bytes, static_cast<int>(i / 2));
    out.offsets[i] = k_least(bytes, static_cast<int>(i / 2));
  }
}

void read_symmetric(dtype type, std::byte const* block, k_group& out) {
  out.scale = half_at(block, static_cast<std::size_t>(group_of(type).bytes) - 2);
  for (std::size_t i = 0; i < out.factors.size(); ++i) {
    constexpr std::size_t of_q6_k = 192, of_q3_k = 96;
    if (type == dtype::q6_k) {
      out.factors[i] = static_cast<std::int8_t>(byte_at(block, of_q6_k + i));
    } else if (type == dtype::q3_k) {
      int const low = i < 8 ? byte_at(block, of_q3_k + i) & 15 : byte_at(block, of_q3_k + i - 8) >> 4;
      out.factors[i] = (low | (byte_at(block, of_q3_k + 8 + i % 4) >> (i / 4 * 2) & 3) << 4) - 32;
    } else {
      out.factors[i] = 1;
    }
  }
}

}  // namespace

k_group quantise_k(dtype type, std::span<float const, super_columns> values) {
  if (type == dtype::q6_k) return quantise_q6_k(values);
  return quantise_affine(values, type == dtype::q4_k ? affine_search{15, -1.0F, 20} : affine_search{31, -0.5F, 15});
}

k_group stored_k_group(dtype type, std::byte const* block) {
  k_group out;
  std::array<ggml_columns, largest_block / ggml_columns::count> columns{};
  read_ggml_block(type, block, columns);
  for (std::size_t k = 0; k < out.values.size(); ++k) out.values[k] = columns[k / 16].values[k % 16];
  if (type == dtype::q4_k || type == dtype::q5_k)
    read_six_bits(block, out);
  else
    read_symmetric(type, block, out);
  return out;
}

}  // namespace constformer::command
