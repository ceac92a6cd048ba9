// Tiled attention against a plain softmax in double precision: head widths, groups, masks, windows and tile borders.
#include <cmath>
#include <memory>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/kernels/attention-inl.hpp"
#include "reference.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

template <int HeadDim, int Group, bool Causal, int Window>
struct fixture {
  using kernel = attention_kernel<HeadDim, Group, Causal, Window>;
  static constexpr std::size_t width = padded(HeadDim);
  static constexpr std::size_t row_width = std::size_t{Group} * HeadDim;

  int length;
  std::vector<float> q, k, v, keys, values;

  explicit fixture(int n) : length(n) {
    auto const size = static_cast<std::size_t>(n);
    q = reference::random_floats(size * row_width, 1);
    k = reference::random_floats(size * HeadDim, 2);
    v = reference::random_floats(size * HeadDim, 3);
    keys.assign(static_cast<std::size_t>(padded(n)) * HeadDim, 1e3F);  // stale positions must not count
    values.assign(static_cast<std::size_t>(padded(n)) * width, 1e3F);
    for (std::size_t p = 0; p < size; ++p)
      for (std::size_t j = 0; j < HeadDim; ++j) {
        keys[p / panel_rows * panel_rows * HeadDim + j * panel_rows + p % panel_rows] = k[p * HeadDim + j];
        values[p * width + j] = v[p * HeadDim + j];
      }
  }

  // Queries [first, first + positions) with `length` keys in the cache.
  std::vector<float> ours(int first, int positions) const {
    auto const memory = std::make_unique<typename kernel::scratch>();
    std::vector<float> out(static_cast<std::size_t>(positions) * row_width);
    for (int at = 0; at < positions; at += kernel::span_positions) {
      int const count = HWY_MIN(kernel::span_positions, positions - at);
      kernel::attend({.query = q.data() + static_cast<std::size_t>(first + at) * row_width,
                      .query_stride = row_width,
                      .keys = keys.data(),
                      .values = values.data(),
                      .out = out.data() + static_cast<std::size_t>(at) * row_width,
                      .out_stride = row_width,
                      .first_position = first + at,
                      .positions = count,
                      .key_count = length,
                      .scale = 0.3F},
                     *memory);
    }
    return out;
  }

  [[nodiscard]] bool sees(int query, int key) const {
    if (Causal && key > query) return false;
    return Window == 0 || key > query - Window;
  }

  std::vector<double> expected(int first, int positions) const {
    std::vector<double> out;
    for (int p = first; p < first + positions; ++p)
      for (std::size_t g = 0; g < Group; ++g) append_row(p, g, out);
    return out;
  }

  void append_row(int p, std::size_t g, std::vector<double>& out) const {
    std::vector<double> sums(HeadDim);
    double total = 0;
    for (int t = 0; t < length; ++t) {
      if (!sees(p, t)) continue;
      double score = 0;
      for (std::size_t j = 0; j < HeadDim; ++j)
        score += static_cast<double>(q[static_cast<std::size_t>(p) * row_width + g * HeadDim + j]) *
                 static_cast<double>(k[static_cast<std::size_t>(t) * HeadDim + j]);
      double const weight = std::exp(score * static_cast<double>(0.3F));
      total += weight;
      for (std::size_t j = 0; j < HeadDim; ++j)
        sums[j] += weight * static_cast<double>(v[static_cast<std::size_t>(t) * HeadDim + j]);
    }
    for (double s : sums) out.push_back(s / total);
  }
};

template <int HeadDim, int Group, bool Causal, int Window>
void check_all() {
  for (int length : {1, 2, 15, 16, 17, 63, 64, 65, 130, 200}) {
    fixture<HeadDim, Group, Causal, Window> const f(length);
    INFO("head_dim=" << HeadDim << " group=" << Group << " causal=" << Causal << " window=" << Window
                     << " length=" << length);
    CHECK(reference::distance(f.ours(0, length), f.expected(0, length)) < 3e-6);          // the whole sequence
    CHECK(reference::distance(f.ours(length - 1, 1), f.expected(length - 1, 1)) < 3e-6);  // its last token alone
    if (length > 20)
      CHECK(reference::distance(f.ours(length - 19, 19), f.expected(length - 19, 19)) < 3e-6);  // a later batch
  }
}

TEST_CASE("causal attention of head widths from 2 to 128") {
  check_all<2, 1, true, 0>();
  check_all<6, 1, true, 0>();
  check_all<16, 1, true, 0>();
  check_all<20, 1, true, 0>();
  check_all<64, 1, true, 0>();
  check_all<128, 1, true, 0>();
}

TEST_CASE("query heads that share a key head") {
  check_all<8, 2, true, 0>();
  check_all<10, 3, true, 0>();
  check_all<64, 4, true, 0>();
  check_all<16, 8, true, 0>();
  check_all<4, 32, true, 0>();
}

TEST_CASE("windows shorter and longer than a tile") {
  check_all<8, 1, true, 1>();
  check_all<8, 2, true, 5>();
  check_all<16, 1, true, 64>();
  check_all<16, 1, true, 100>();
}

TEST_CASE("bidirectional attention") {
  check_all<5, 1, false, 0>();
  check_all<32, 1, false, 0>();
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
