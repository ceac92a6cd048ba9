#include "quantise.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include "../checkpoint/readers/ggml_blocks.hpp"
#include "half.hpp"

namespace constformer::command {

namespace {

using group_values = std::array<float, block_columns>;

// The rounding of ggml, whose float32 steps decide where values lie on the border between two.
quantised_group quantise_q8_0(group_values const& x) {
  float largest = 0;
  for (float const v : x) largest = std::max(largest, std::abs(v));
  float const scale = largest / 127.0F;
  float const inverse = scale != 0.0F ? 1.0F / scale : 0.0F;
  quantised_group out{to_f16(scale), {}};
  std::ranges::transform(x, out.values.begin(), [&](float v) { return static_cast<int>(std::round(v * inverse)); });
  return out;
}

// The value that is largest in absolute value becomes −8, so that one end of the range is used whole.
quantised_group quantise_q4_0(group_values const& x) {
  float largest = 0;
  for (float const v : x)
    if (std::abs(v) > std::abs(largest)) largest = v;
  float const scale = largest / -8.0F;
  float const inverse = scale != 0.0F ? 1.0F / scale : 0.0F;
  quantised_group out{to_f16(scale), {}};
  std::ranges::transform(x, out.values.begin(),
                         [&](float v) { return std::min(15, static_cast<int>(v * inverse + 8.5F)) - 8; });
  return out;
}

int nearest_level(float value) {
  auto const* const next =
      std::ranges::lower_bound(iq4_nl_levels, value, {}, [](std::int8_t level) { return static_cast<float>(level); });
  if (next == std::begin(iq4_nl_levels)) return *next;
  if (next == std::end(iq4_nl_levels)) return next[-1];
  return value - static_cast<float>(next[-1]) < static_cast<float>(*next) - value ? next[-1] : *next;
}

// The nearest levels under a scale, as it is stored.
quantised_group nearest(group_values const& x, float scale) {
  quantised_group out{to_f16(scale), {}};
  float const stored = from_f16(out.scale);
  float const inverse = stored != 0.0F ? 1.0F / stored : 0.0F;
  std::ranges::transform(x, out.values.begin(), [&](float v) { return nearest_level(v * inverse); });
  return out;
}

double squared_error(group_values const& x, quantised_group const& group) {
  double const scale = from_f16(group.scale);
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    double const gap = x[k] - scale * group.values[k];
    sum += gap * gap;
  }
  return sum;
}

// The scale that suits given values best: the quotient of two sums, Σ x·q / Σ q².
float best_scale(group_values const& x, quantised_group const& group) {
  double above = 0, below = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    above += static_cast<double>(x[k]) * group.values[k];
    below += static_cast<double>(group.values[k]) * group.values[k];
  }
  return below > 0 ? static_cast<float>(above / below) : 0.0F;
}

// The largest value may come to lie a little inside or outside the levels, at either end of them; from each such scale
// one step of alternating minimisation follows.
quantised_group quantise_iq4_nl(group_values const& x) {
  float const largest = std::abs(*std::ranges::max_element(x, {}, [](float v) { return std::abs(v); }));
  auto best = nearest(x, largest / 127.0F);
  double least = squared_error(x, best);
  constexpr int steps = 16;
  for (int step = -steps; step <= steps; ++step) {
    float const scale = largest / (127.0F * (1.0F + static_cast<float>(step) / 64.0F));
    for (float const sign : {1.0F, -1.0F}) {
      auto const fitted = nearest(x, best_scale(x, nearest(x, sign * scale)));
      if (double const error = squared_error(x, fitted); error < least) best = fitted, least = error;
    }
  }
  return best;
}

}  // namespace

quantised_group quantise(dtype type, std::span<float const> values) {
  group_values x{};
  std::ranges::copy(values, x.begin());
  if (type == dtype::q8_0) return quantise_q8_0(x);
  return type == dtype::q4_0 ? quantise_q4_0(x) : quantise_iq4_nl(x);
}

quantised_group stored_group(dtype type, std::byte const* block) {
  std::array<ggml_columns, 2> columns{};
  read_ggml_block(type, block, columns);
  quantised_group out{};
  std::memcpy(&out.scale, block, sizeof out.scale);
  for (std::size_t k = 0; k < block_columns; ++k) out.values[k] = columns[k / 16].values[k % 16];
  return out;
}

}  // namespace constformer::command
