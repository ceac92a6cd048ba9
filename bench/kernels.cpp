// Kernels by shape, with Google Benchmark. Names are KERNEL/WORK/SHAPE, and where it can be either, /static or
// /dynamic: kernels take their extents as `fixed<N>` or as `int`, so that both are the same template. bench/kernels.py
// makes a table of them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/kernels/activation-inl.hpp"
#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/matmul-inl.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/kernels/rope-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

constexpr int outputs = 256;  // of every product: the depth alone differs

/// N itself, or a number that the compiler cannot know to be N.
template <int N, bool Static>
auto extent_as() {
  if constexpr (Static) {
    return fixed<N>{};
  } else {
    int n = N;
    benchmark::DoNotOptimize(n);
    return n;
  }
}

void count_flops(benchmark::State& state, double flops) {
  state.counters["FLOPS"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

/// Elements of a matrix (outputs, depth) in panels, and of `rows` inputs: all 0, which takes as long as anything else.
template <class Weight, class Input>
struct operands {
  std::vector<Weight> weights;
  std::vector<Input> x;
  std::size_t stride;  // elements of x

  operands(int rows, int depth) {
    auto const columns = static_cast<std::size_t>(padded(depth));
    stride = std::is_same_v<Input, float> ? columns : static_cast<std::size_t>(input_blocks(depth));
    std::size_t const line = has_scales<Weight> ? static_cast<std::size_t>(input_blocks(depth)) : columns * panel_rows;
    weights.resize(line * (outputs / panel_rows));
    x.resize(stride * static_cast<std::size_t>(rows) + 1);
  }
};

template <class Weight, class Input, int Depth, bool Static>
void product(benchmark::State& state, int rows) {
  operands<Weight, Input> const o(rows, Depth);
  std::vector<float> y(static_cast<std::size_t>(rows) * outputs);
  auto const store = [out = y.data()](int row, int column, float_vec v)
                         HWY_ATTR { hn::StoreU(v, float_tag(), out + row * outputs + column); };
  auto const depth = extent_as<Depth, Static>();
  for (auto _ : state) {
    matmul(o.x.data(), o.stride, rows, o.weights.data(), depth, fixed<outputs / panel_rows>(), 0, outputs / panel_rows,
           store);
    benchmark::ClobberMemory();
  }
  count_flops(state, 2.0 * rows * outputs * Depth);
}

template <int Width, bool Static>
void norm(benchmark::State& state) {
  std::vector<float> x(static_cast<std::size_t>(padded(Width)), 0.5F), w(x), out(x);
  auto const width = extent_as<Width, Static>();
  for (auto _ : state) {
    normalize<norm_kind::rms_norm>(x.data(), w.data(), nullptr, out.data(), width, 1e-5F);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * Width);
}

template <int Dims, bool Static>
void rope(benchmark::State& state) {
  std::vector<float> head(Dims, 0.5F), cos(Dims, 0.6F), sin(Dims, 0.8F);
  auto const dims = extent_as<Dims, Static>();
  for (auto _ : state) {
    rotate(head.data(), cos.data(), sin.data(), dims);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * Dims);
}

void silu(benchmark::State& state) {
  constexpr int width = 2048;
  float_tag const d;
  std::vector<float> x(width, 0.5F), y(width);
  for (auto _ : state) {
    for (int i = 0; i < width; i += lanes)
      hn::StoreU(activate<activation_kind::silu>(d, hn::LoadU(d, x.data() + i)), d, y.data() + i);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * width);
}

/// One head over `length` keys: the queries of the last `queries` positions, span by span.
template <int HeadDim>
void attend(benchmark::State& state, int length, int queries) {
  using kernel = attention_kernel<HeadDim, 1, causal_mask>;
  constexpr std::size_t width = padded(HeadDim);
  auto const keys = static_cast<std::size_t>(padded(length));
  std::vector<float> k(keys * HeadDim, 0.1F), v(keys * width, 0.1F), q(keys * HeadDim, 0.1F), out(keys * HeadDim);
  std::vector<int> blocks(keys / panel_rows);
  std::iota(blocks.begin(), blocks.end(), 0);
  auto const memory = std::make_unique<typename kernel::scratch>();
  for (auto _ : state) {
    for (int first = length - queries; first < length; first += kernel::span_positions) {
      auto const at = static_cast<std::size_t>(first) * HeadDim;
      kernel::attend({.query = q.data() + at,
                      .query_stride = HeadDim,
                      .keys = k.data(),
                      .values = v.data(),
                      .blocks = blocks.data(),
                      .out = out.data() + at,
                      .out_stride = HeadDim,
                      .first_position = first,
                      .positions = std::min(kernel::span_positions, length - first),
                      .mask = {},
                      .scale = 0.1F},
                     *memory);
    }
    benchmark::ClobberMemory();
  }
  double const pairs = 0.5 * length * (length + 1) - 0.5 * (length - queries) * (length - queries + 1);
  count_flops(state, 4.0 * HeadDim * pairs);
}

template <class Weight, class Input, int Depth>
void add_products(std::string const& type) {
  for (int const rows : {1, 24}) {
    std::string const name = "matmul/" + type + " " + std::to_string(rows) + " rows/" + std::to_string(outputs) + "×" +
                             std::to_string(Depth);
    auto const add = [&](std::string const& kind, auto function) {
      benchmark::RegisterBenchmark((name + kind).c_str(), [=](benchmark::State& s) { function(s, rows); });
    };
    add("/static", product<Weight, Input, Depth, true>);
    add("/dynamic", product<Weight, Input, Depth, false>);
  }
}

template <class Weight, class Input, int... Depths>
void add_depths(std::string const& type, std::integer_sequence<int, Depths...>) {
  (add_products<Weight, Input, Depths>(type), ...);
}

template <int HeadDim>
void add_attention() {
  auto const add = [](std::string const& work, int length, int queries) {
    benchmark::RegisterBenchmark(
        ("attention/" + work + " " + std::to_string(length) + "/head of " + std::to_string(HeadDim)).c_str(),
        [=](benchmark::State& s) { attend<HeadDim>(s, length, queries); });
  };
  add("decode", 512, 1);
  add("prefill", 512, 512);
  add("prefill", 2048, 2048);
}

template <int... Widths>
void add_norms(std::integer_sequence<int, Widths...>) {
  auto const add = [](int width, char const* kind, auto function) {
    benchmark::RegisterBenchmark(("norm/rms/" + std::to_string(width) + kind).c_str(), function);
  };
  ((add(Widths, "/static", norm<Widths, true>), add(Widths, "/dynamic", norm<Widths, false>)), ...);
}

template <int... Dims>
void add_ropes(std::integer_sequence<int, Dims...>) {
  auto const add = [](int dims, char const* kind, auto function) {
    benchmark::RegisterBenchmark(("rope/head/" + std::to_string(dims) + kind).c_str(), function);
  };
  ((add(Dims, "/static", rope<Dims, true>), add(Dims, "/dynamic", rope<Dims, false>)), ...);
}

void add_all() {
  std::integer_sequence<int, 64, 128, 288, 768, 1024, 2048> const depths;
  add_depths<float, float>("f32", depths);
  add_depths<hwy::bfloat16_t, float>("bf16", depths);
  add_depths<q8_0_block, rounded_inputs<q8_0_block>>("q8_0", depths);
  add_attention<32>();
  add_attention<64>();
  add_attention<128>();
  add_norms(std::integer_sequence<int, 64, 288, 768, 2048>());
  add_ropes(std::integer_sequence<int, 32, 64, 128>());
  benchmark::RegisterBenchmark("activation/silu/2048", silu);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

int main(int count, char** words) {
  benchmark::AddCustomContext("target", hwy::TargetName(HWY_STATIC_TARGET));
  constformer::HWY_NAMESPACE::add_all();
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
