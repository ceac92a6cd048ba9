// What the tests of ragged passes share: random weights of any type, and the check that a sequence gives the same bits
// however its rows are dealt to passes and whatever runs beside it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/config/families.hpp"
#include "constformer/generate/executor-inl.hpp"
#include "pack_row.hpp"
#include "reference.hpp"

namespace constformer::configs {
namespace {

// Shapes that whole blocks of every type fill: 256 columns.
constexpr config super_decoder = llama({.layers = 2,
                                        .d_model = 256,
                                        .heads = 8,
                                        .kv_heads = 2,
                                        .head_dim = 32,
                                        .d_ff = 256,
                                        .vocab = 77,
                                        .positions = 300});
constexpr config block_decoder = llama(
    {.layers = 2, .d_model = 64, .heads = 4, .kv_heads = 2, .head_dim = 16, .d_ff = 96, .vocab = 77, .positions = 300});

constexpr config typed(config c, dtype weights, dtype inputs = dtype::f32, dtype kept = dtype::f32) {
  c.weights = weights;
  c.inputs = inputs;
  c.kv_dtype = kept;
  c.group = quantisation_group(weights);
  return c;
}

}  // namespace
}  // namespace constformer::configs

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

// Small random values wherever the plan of `Config` writes, packed as the command packs them.
template <config const& Config>
std::vector<std::byte> random_weights() {
  std::vector<std::byte> out(static_cast<std::size_t>(packed_layout_of(Config).bytes));
  pack_plan const plan = pack_plan_of(Config);
  std::uint32_t seed = 1;
  for (pack_step const& step : plan.view())
    for (int layer = 0; layer < step.layers; ++layer) {
      auto const cols = static_cast<std::size_t>(std::max(step.cols, 1));
      auto const values = reference::random_floats(static_cast<std::size_t>(step.rows) * cols, seed++,
                                                   step.kind == packed_kind::vector ? 0.3F : 0.2F);
      std::byte* const base = out.data() + step.offset_in(layer);
      for (int row = 0; row < step.rows; ++row) {
        auto const to = packed_row(step, Config.head_dim, row);
        auto const of_row = std::span(values).subspan(static_cast<std::size_t>(row) * cols, cols);
        if (step.kind == packed_kind::panels)
          command::put_panel_row(step.type_in(layer), base, {step.matrix_rows, step.cols}, to, of_row);
        else if (step.kind == packed_kind::rows)
          command::put_table_row(step.type_in(layer), base, to, of_row);
        else
          command::put_value(dtype::f32, base, to, of_row[0]);
      }
    }
  return out;
}

// Sequences over one executor, with blocks dealt out in a random order. `Pass` is how rows go through its layers.
template <config const& Config, class Pass = staged_pass<Config>>
class ragged_reader {
 public:
  using logits = std::vector<std::vector<float>>;  // of each row

  ragged_reader(std::vector<std::byte> const& weights, std::vector<std::vector<int>> texts, int threads,
                std::uint32_t seed)
      : texts_(std::move(texts)),
        random_(seed),
        executor_(weights.data(),
                  {.threads = threads, .capacity = 300, .blocks = each * static_cast<int>(texts_.size()) + 3}),
        done_(texts_.size()),
        rows_(texts_.size()) {
    std::vector<int> blocks(static_cast<std::size_t>(executor_.blocks()));
    std::iota(blocks.begin(), blocks.end(), 0);
    std::ranges::shuffle(blocks, random_);
    for (std::size_t i = 0; i < texts_.size(); ++i)
      tables_.emplace_back(blocks.begin() + static_cast<std::ptrdiff_t>(i) * each,
                           blocks.begin() + static_cast<std::ptrdiff_t>(i + 1) * each);
  }

  // Reads all texts in passes of 1 to `longest` rows of some of them, in a random order; returns the logits of every
  // row.
  std::vector<logits> read(int longest) {
    while (pass(longest)) {}
    return rows_;
  }

 private:
  static constexpr int each = 19;  // blocks: 300 positions

  bool pass(int longest) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < texts_.size(); ++i)
      if (done_[i] < texts_[i].size()) order.push_back(i);
    if (order.empty()) return false;
    std::ranges::shuffle(order, random_);
    order.resize(1 + random_() % order.size());
    std::vector<sequence_rows> batch;
    std::size_t room = static_cast<std::size_t>(executor_.rows());
    for (std::size_t const i : order) {
      std::size_t const rows =
          std::min({texts_[i].size() - done_[i], 1 + random_() % static_cast<std::size_t>(longest), room});
      if (rows == 0) break;
      batch.push_back({.ids = std::span(texts_[i]).subspan(done_[i], rows),
                       .position = static_cast<int>(done_[i]),
                       .blocks = tables_[i].data(),
                       .wanted = wanted_logits::all,
                       .length = static_cast<int>(texts_[i].size())});
      room -= rows;
    }
    executor_.run(batch);
    keep(order, batch);
    return true;
  }

  void keep(std::vector<std::size_t> const& order, std::vector<sequence_rows> const& batch) {
    int wanted = 0;
    for (std::size_t k = 0; k < batch.size(); ++k)
      for (std::size_t row = 0; row < batch[k].ids.size(); ++row) {
        auto const one = executor_.logits(wanted++, 1)[0];
        rows_[order[k]].emplace_back(one.begin(), one.end());
        ++done_[order[k]];
      }
    CHECK(wanted == executor_.wanted());
  }

  std::vector<std::vector<int>> texts_;
  std::mt19937 random_;
  config_executor<Config, Pass> executor_;
  std::vector<std::size_t> done_;
  std::vector<std::vector<int>> tables_;
  std::vector<logits> rows_;
};

inline bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Three texts read side by side, in long pieces, in short ones and token by token, give the bits that each gives when
// it is read alone and whole.
template <config const& Config>
void check_any_passes() {
  auto const weights = random_weights<Config>();
  std::vector<std::vector<int>> texts(3);
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (int k = 0; k < std::vector{150, 41, 17}[i]; ++k)
      texts[i].push_back((k * 31 + 7 + static_cast<int>(i) * 5) % Config.vocab);
  std::vector<std::vector<std::vector<float>>> alone;
  for (auto const& text : texts) alone.push_back(ragged_reader<Config>(weights, {text}, 1, 1).read(1 << 20)[0]);
  REQUIRE(alone[0][149] != alone[0][148]);  // logits tell rows apart
  for (int const longest : {1, 3, 20, 100}) {
    auto const read =
        ragged_reader<Config>(weights, texts, longest % 3 + 1, static_cast<std::uint32_t>(longest)).read(longest);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO("text " << i << " in pieces of at most " << longest);
      REQUIRE(read[i].size() == alone[i].size());
      std::size_t other = 0;
      for (std::size_t row = 0; row < read[i].size(); ++row) other += same_bits(read[i][row], alone[i][row]) ? 0 : 1;
      CHECK(other == 0);
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
