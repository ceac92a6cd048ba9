// Norms of rows of every width against plain loops in double precision.
#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/kernels/norm-inl.hpp"
#include "reference.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

struct row {
  std::vector<float> x, weight, bias;

  explicit row(int width) {
    auto const size = static_cast<std::size_t>(width);
    x = reference::random_floats(size, 1, 3.0F);
    for (float& v : x) v += 0.7F;
    weight = reference::random_floats(size, 2);
    bias = reference::random_floats(size, 3);
    for (auto* part : {&x, &weight, &bias}) part->resize(static_cast<std::size_t>(padded(width)), 0.0F);
    for (std::size_t i = size; i < x.size(); ++i) x[i] = 1e6F;  // what lies in the padding must not count
  }
};

std::vector<double> expected_of(row const& r, int width, bool layer, bool bias, double eps) {
  double mean = 0;
  double square = 0;
  auto const at = [&](int i) { return static_cast<double>(r.x[static_cast<std::size_t>(i)]); };
  for (int i = 0; i < width && layer; ++i) mean += at(i) / width;
  for (int i = 0; i < width; ++i) square += (at(i) - mean) * (at(i) - mean) / width;
  std::vector<double> out;
  for (int i = 0; i < width; ++i) {
    auto const k = static_cast<std::size_t>(i);
    out.push_back((at(i) - mean) / std::sqrt(square + eps) * static_cast<double>(r.weight[k]) +
                  (bias ? static_cast<double>(r.bias[k]) : 0));
  }
  return out;
}

TEST_CASE("norms agree with plain loops whatever the width, and leave the padding at 0") {
  for (int width : {1, 5, 8, 15, 16, 17, 64, 100, 288, 1000}) {
    row const r(width);
    INFO("width=" << width);
    std::vector<float> out(r.x.size(), -1.0F);
    normalize<norm_kind::rms_norm>(r.x.data(), r.weight.data(), nullptr, out.data(), width, 1e-5F);
    CHECK(reference::distance(out, expected_of(r, width, false, false, 1e-5)) < 1e-6);
    CHECK(std::all_of(out.begin() + width, out.end(), [](float v) { return v == 0.0F; }));
    normalize<norm_kind::layer_norm>(r.x.data(), r.weight.data(), r.bias.data(), out.data(), width, 1e-3F);
    CHECK(reference::distance(out, expected_of(r, width, true, true, 1e-3)) < 1e-6);
  }
}

TEST_CASE("a head is normed in place, and its neighbour is left alone") {
  for (int width : {2, 7, 10, 16, 20, 64, 128}) {
    row r(width);
    auto const end = static_cast<std::size_t>(width);
    auto const expected = expected_of(r, width, false, false, 1e-5);
    r.x.resize(end + 40, 5.0F);
    std::fill(r.x.begin() + width, r.x.end(), 5.0F);
    normalize_head<true>(r.x.data(), r.weight.data(), width, 1e-5F);
    INFO("width=" << width);
    CHECK(reference::distance({r.x.begin(), r.x.begin() + width}, expected) < 1e-6);
    CHECK(std::all_of(r.x.begin() + width, r.x.end(), [](float v) { return v == 5.0F; }));
  }
}

TEST_CASE("a norm may overwrite its input") {
  row r(37);
  auto const expected = expected_of(r, 37, true, false, 1e-5);
  normalize<norm_kind::layer_norm>(r.x.data(), r.weight.data(), nullptr, r.x.data(), 37, 1e-5F);
  CHECK(reference::distance(r.x, expected) < 1e-6);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
