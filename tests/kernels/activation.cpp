// The point-wise functions against the standard library in double precision, over the range where they matter and far
// outside.
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/kernels/activation-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

struct worst {
  double absolute = 0;
  double relative = 0;
};

template <class Ours, class Theirs>
worst compare(double from, double to, Ours const& ours, Theirs const& theirs) {
  float_tag const d;
  worst w;
  constexpr int steps = 200000;
  for (int i = 0; i <= steps; ++i) {
    auto const x = static_cast<float>(from + (to - from) * i / steps);
    double const a = static_cast<double>(hn::GetLane(ours(d, hn::Set(d, x))));
    double const b = theirs(static_cast<double>(x));
    w.absolute = std::fmax(w.absolute, std::abs(a - b));
    w.relative = std::fmax(w.relative, std::abs(a - b) / std::fmax(std::abs(b), 1e-30));
  }
  return w;
}

template <activation_kind Kind, class Theirs>
double activation_error(Theirs const& theirs) {
  return compare(-12, 12, [](float_tag d, float_vec x) HWY_ATTR { return activate<Kind>(d, x); }, theirs).absolute;
}

double logistic_of(double x) { return 1 / (1 + std::exp(-x)); }

TEST_CASE("exp, tanh, erf and the logistic function keep their stated errors") {
  CHECK(compare(
            -87, 88, [](float_tag d, float_vec x) HWY_ATTR { return exp(d, x); }, [](double x) { return std::exp(x); })
            .relative < 2.5e-7);
  CHECK(
      compare(
          -20, 20, [](float_tag d, float_vec x) HWY_ATTR { return tanh(d, x); }, [](double x) { return std::tanh(x); })
          .absolute < 2.4e-7);
  CHECK(compare(
            -6, 6, [](float_tag d, float_vec x) HWY_ATTR { return erf(d, x); }, [](double x) { return std::erf(x); })
            .absolute < 1.5e-7);
  CHECK(compare(
            -30, 30, [](float_tag d, float_vec x) HWY_ATTR { return logistic(d, x); }, logistic_of)
            .absolute < 1.3e-7);
}

TEST_CASE("exp of what is hidden is exactly 0, and nothing overflows") {
  float_tag const d;
  auto const at = [&](float x) { return hn::GetLane(exp(d, hn::Set(d, x))); };
  CHECK(at(-std::numeric_limits<float>::infinity()) == 0.0F);
  CHECK(at(-1000.0F) == 0.0F);
  CHECK(at(0.0F) == 1.0F);
  CHECK(std::isfinite(at(1000.0F)));
}

TEST_CASE("activations agree with their formulas") {
  CHECK(activation_error<activation_kind::gelu>([](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }) <
        2e-6);
  CHECK(activation_error<activation_kind::gelu_tanh>([](double x) {
          return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
        }) < 2e-6);
  CHECK(activation_error<activation_kind::quick_gelu>([](double x) { return x * logistic_of(1.702 * x); }) < 2e-6);
  CHECK(activation_error<activation_kind::silu>([](double x) { return x * logistic_of(x); }) < 2e-6);
  CHECK(activation_error<activation_kind::sigmoid>(logistic_of) < 1.3e-7);
  CHECK(activation_error<activation_kind::tanh>([](double x) { return std::tanh(x); }) < 2.4e-7);
  CHECK(activation_error<activation_kind::relu>([](double x) { return std::fmax(x, 0); }) == 0);
  CHECK(activation_error<activation_kind::relu2>([](double x) { return x > 0 ? x * x : 0; }) < 1e-5);
  CHECK(activation_error<activation_kind::identity>([](double x) { return x; }) == 0);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
