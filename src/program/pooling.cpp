#include "pooling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace constformer::program {

namespace {

// Σ weight(t)·row(t) / divisor, summed in double.
template <class Weight>
std::vector<float> weighted_sum(std::span<float const> hidden, std::size_t width, Weight weight, double divisor) {
  std::vector<double> sums(width);
  for (std::size_t i = 0; i < hidden.size(); ++i) sums[i % width] += static_cast<double>(hidden[i]) * weight(i / width);
  std::vector<float> out(width);
  std::ranges::transform(sums, out.begin(), [divisor](double s) { return static_cast<float>(s / divisor); });
  return out;
}

std::vector<float> largest(std::span<float const> hidden, std::size_t width) {
  std::vector<float> out(hidden.begin(), hidden.begin() + static_cast<std::ptrdiff_t>(width));
  for (std::size_t i = width; i < hidden.size(); ++i) out[i % width] = std::max(out[i % width], hidden[i]);
  return out;
}

}  // namespace

std::optional<pooling> pooling_from(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, pooling>, 8> names{{{"mean", pooling::mean},
                                                                       {"cls", pooling::cls},
                                                                       {"last", pooling::last},
                                                                       {"max", pooling::max},
                                                                       {"mean_sqrt_len", pooling::mean_sqrt_len},
                                                                       {"weighted_mean", pooling::weighted_mean},
                                                                       {"pooler", pooling::pooler},
                                                                       {"none", pooling::none}}};
  for (auto const& [text, value] : names)
    if (name == text) return value;
  return std::nullopt;
}

std::vector<float> pooled(session& model, std::span<float const> hidden, pooling how, std::size_t width) {
  auto const rows = static_cast<double>(hidden.size() / width);
  auto const copy = [](std::span<float const> values) { return std::vector<float>(values.begin(), values.end()); };
  auto const one = [](std::size_t) { return 1.0; };
  auto const place = [](std::size_t row) { return static_cast<double>(row + 1); };
  switch (how) {
    case pooling::mean: return weighted_sum(hidden, width, one, rows);
    case pooling::mean_sqrt_len: return weighted_sum(hidden, width, one, std::sqrt(rows));
    case pooling::weighted_mean: return weighted_sum(hidden, width, place, rows * (rows + 1) / 2);
    case pooling::max: return largest(hidden, width);
    case pooling::cls: return copy(hidden.first(width));
    case pooling::last: return copy(hidden.last(width));
    case pooling::pooler: return copy(model.pool());
    case pooling::none: break;
  }
  return copy(hidden);
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
