#include "embedding_steps.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "constformer/core/error.hpp"
#include "pooling.hpp"

namespace constformer::program {

namespace {

double activate(dense_activation kind, double x) {
  switch (kind) {
    case dense_activation::identity: break;
    case dense_activation::tanh: return std::tanh(x);
    case dense_activation::relu: return std::max(x, 0.0);
    case dense_activation::gelu: return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5)));
    case dense_activation::silu: return x / (1 + std::exp(-x));
    case dense_activation::sigmoid: return 1 / (1 + std::exp(-x));
    case dense_activation::elu: return x > 0 ? x : std::expm1(x);
    case dense_activation::selu: {
      // arXiv:1706.02515
      constexpr double scale = 1.0507009873554804934193349852946, alpha = 1.6732632423543772848170429916717;
      return scale * (x > 0 ? x : alpha * std::expm1(x));
    }
    case dense_activation::leaky_relu: return x > 0 ? x : 0.01 * x;
    case dense_activation::relu6: return std::clamp(x, 0.0, 6.0);
    case dense_activation::softplus: return x > 20 ? x : std::log1p(std::exp(x));
    case dense_activation::softsign: return x / (1 + std::abs(x));
    case dense_activation::hardtanh: return std::clamp(x, -1.0, 1.0);
    case dense_activation::mish: return x * std::tanh(x > 20 ? x : std::log1p(std::exp(x)));
  }
  return x;
}

// The floats of one step, taken one tensor after the other.
class step_weights {
 public:
  step_weights(std::span<std::byte const> section, std::int64_t offset) : section_(section), at_(offset) {}

  std::span<float const> take(int rows, int columns) {
    auto const count = static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns);
    auto const size = static_cast<std::uint64_t>(section_.size());
    auto const at = static_cast<std::uint64_t>(at_);
    if (at_ < 0 || at > size || at % sizeof(float) != 0 || count > (size - at) / sizeof(float))
      throw error("the packed file is damaged: a step of its embedding reaches beyond the section modules");
    at_ += static_cast<std::int64_t>(count * sizeof(float));
    return {reinterpret_cast<float const*>(section_.data() + at), static_cast<std::size_t>(count)};
  }

 private:
  std::span<std::byte const> section_;
  std::int64_t at_;
};

void require_width(embedded_rows const& rows, int wanted) {
  if (rows.width != static_cast<std::size_t>(wanted))
    throw error("a module after pooling reads " + std::to_string(wanted) + " values, pooled are " +
                std::to_string(rows.width));
}

double dot(std::span<float const> a, std::span<float const> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  return sum;
}

// y = act(W·x + b), with x or R·x added.
void run_dense(embedding_step const& s, step_weights weights, embedded_rows& rows) {
  require_width(rows, s.inputs);
  auto const width = rows.width, outputs = static_cast<std::size_t>(s.outputs);
  auto const matrix = weights.take(s.outputs, s.inputs);
  auto const bias = s.bias ? weights.take(s.outputs, 1) : std::span<float const>();
  bool const projected = s.residual && s.inputs != s.outputs;
  auto const around = projected ? weights.take(s.outputs, s.inputs) : std::span<float const>();
  std::vector<float> out;
  out.reserve(rows.values.size() / width * outputs);
  for (std::span<float const> rest = rows.values; !rest.empty(); rest = rest.subspan(width)) {
    auto const x = rest.first(width);
    for (std::size_t i = 0; i < outputs; ++i) {
      double const sum = dot(matrix.subspan(i * width, width), x) + (s.bias ? static_cast<double>(bias[i]) : 0.0);
      double y = activate(s.activation, sum);
      if (s.residual) y += projected ? dot(around.subspan(i * width, width), x) : static_cast<double>(x[i]);
      out.push_back(static_cast<float>(y));
    }
  }
  rows.values = std::move(out);
  rows.width = outputs;
}

void run_layer_norm(embedding_step const& s, step_weights weights, embedded_rows& rows) {
  constexpr double eps = 1e-5;
  require_width(rows, s.inputs);
  auto const gain = weights.take(s.inputs, 1), bias = weights.take(s.inputs, 1);
  for (std::span<float> rest = rows.values; !rest.empty(); rest = rest.subspan(rows.width)) {
    auto const row = rest.first(rows.width);
    double sum = 0, squares = 0;
    for (float const v : row) sum += static_cast<double>(v);
    double const mean = sum / static_cast<double>(rows.width);
    for (float const v : row) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
    double const scale = 1 / std::sqrt(squares / static_cast<double>(rows.width) + eps);
    for (std::size_t k = 0; k < row.size(); ++k)
      row[k] = static_cast<float>((static_cast<double>(row[k]) - mean) * scale * static_cast<double>(gain[k]) +
                                  static_cast<double>(bias[k]));
  }
}

void run_pool(embedding_step const& s, pooler_output const& pooler, std::size_t skipped, embedded_rows& rows) {
  if (std::ranges::find(s.poolings, pooling_kind::none) != s.poolings.end()) return;
  hidden_rows const hidden{rows.values, rows.width, s.include_prompt ? 0 : skipped};
  if (hidden.skipped * hidden.width >= hidden.values.size())
    throw error("the prompt alone has " + std::to_string(hidden.values.size() / hidden.width) +
                " tokens, nothing of the text is left to pool");
  std::vector<float> joined;
  for (pooling_kind const how : s.poolings) {
    auto const own = how == pooling_kind::pooler ? pooler() : std::span<float const>();
    auto const vector = how == pooling_kind::pooler ? std::vector(own.begin(), own.end()) : pooled(hidden, how);
    joined.insert(joined.end(), vector.begin(), vector.end());
  }
  rows = {std::move(joined), rows.width * s.poolings.size(), true};
}

}  // namespace

void run_steps(std::span<embedding_step const> steps, std::span<std::byte const> weights, pooler_output const& pooler,
               std::size_t skipped, embedded_rows& rows) {
  for (embedding_step const& s : steps) switch (s.kind) {
      case embedding_step_kind::pool: run_pool(s, pooler, skipped, rows); break;
      case embedding_step_kind::dense: run_dense(s, {weights, s.offset}, rows); break;
      case embedding_step_kind::layer_norm: run_layer_norm(s, {weights, s.offset}, rows); break;
      case embedding_step_kind::normalize: normalize_rows(rows.values, rows.width); break;
    }
}

}  // namespace constformer::program
