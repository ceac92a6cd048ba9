#include "pooling.hpp"

#include <algorithm>
#include <cmath>

namespace constformer::program {

namespace {

// Σ weight(t)·row(t) / divisor over the rows that count, summed in double; t counts the skipped rows, too.
template <class Weight>
std::vector<float> weighted_sum(hidden_rows const& rows, Weight weight, double divisor) {
  std::vector<double> sums(rows.width);
  for (std::size_t i = rows.skipped * rows.width; i < rows.values.size(); ++i)
    sums[i % rows.width] += static_cast<double>(rows.values[i]) * weight(i / rows.width);
  std::vector<float> out(rows.width);
  std::ranges::transform(sums, out.begin(), [divisor](double s) { return static_cast<float>(s / divisor); });
  return out;
}

std::vector<float> largest(std::span<float const> values, std::size_t width) {
  std::vector<float> out(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(width));
  for (std::size_t i = width; i < values.size(); ++i) out[i % width] = std::max(out[i % width], values[i]);
  return out;
}

// 1 + 2 + … + n.
double sum_to(double n) { return n * (n + 1) / 2; }

}  // namespace

std::vector<float> pooled(hidden_rows const& rows, pooling_kind how) {
  auto const all = static_cast<double>(rows.values.size() / rows.width);
  auto const skipped = static_cast<double>(rows.skipped);
  auto const kept = rows.values.subspan(rows.skipped * rows.width);
  auto const copy = [](std::span<float const> values) { return std::vector<float>(values.begin(), values.end()); };
  auto const one = [](std::size_t) { return 1.0; };
  auto const place = [](std::size_t row) { return static_cast<double>(row + 1); };
  switch (how) {
    case pooling_kind::mean: return weighted_sum(rows, one, all - skipped);
    case pooling_kind::mean_sqrt_len: return weighted_sum(rows, one, std::sqrt(all - skipped));
    case pooling_kind::weighted_mean: return weighted_sum(rows, place, sum_to(all) - sum_to(skipped));
    case pooling_kind::max: return largest(kept, rows.width);
    case pooling_kind::cls: return copy(kept.first(rows.width));
    case pooling_kind::last: return copy(kept.last(rows.width));
    case pooling_kind::pooler:
    case pooling_kind::none: break;
  }
  return copy(rows.values);
}

void normalize_rows(std::span<float> rows, std::size_t width) {
  for (; !rows.empty(); rows = rows.subspan(width)) {
    auto const row = rows.first(width);
    double squares = 0;
    for (float const v : row) squares += static_cast<double>(v) * static_cast<double>(v);
    double const length = std::max(std::sqrt(squares), 1e-12);
    for (float& v : row) v = static_cast<float>(static_cast<double>(v) / length);
  }
}

}  // namespace constformer::program
