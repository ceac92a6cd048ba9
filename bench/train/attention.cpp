// Attention forward and backward, alone, by length: seconds for each dot product that a query needs.
//
//   bench_train_attention THREADS
//
// Reads lengths, a line each; answers each with seconds over useful dot products, the best of three runs. Causal,
// twelve heads of 64.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "constformer/kernels/flash_attention-inl.hpp"
#include "constformer/kernels/team.hpp"

namespace {

namespace native = constformer::HWY_NAMESPACE;
constexpr int heads = 12, head_dim = 64, columns = heads * head_dim;
constexpr std::size_t out_stride = columns + constformer::panel_rows;

struct layer {
  int length;
  std::vector<float> q, k, v, out, dy, dq, dk, dv, scratch;

  layer(int tokens, int threads) : length(tokens) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    auto const size = static_cast<std::size_t>(length) * columns;
    for (auto* values : {&q, &k, &v, &dy})
      for (std::size_t i = 0; i < size; ++i) values->push_back(normal(random));
    for (auto* values : {&dq, &dk, &dv}) values->resize(size);
    out.resize(static_cast<std::size_t>(length) * out_stride);
    scratch.resize(static_cast<std::size_t>(threads) * own());
  }
  std::size_t own() const { return native::attention_scratch(head_dim, head_dim, length, false); }

  void run(constformer::worker const& self) {
    native::attention_rows const rows{.q = q.data(),
                                      .k = k.data(),
                                      .v = v.data(),
                                      .out = out.data(),
                                      .q_stride = columns,
                                      .k_stride = columns,
                                      .v_stride = columns,
                                      .out_stride = out_stride,
                                      .queries = length,
                                      .keys = length};
    native::attention_gradients const back{.dy = dy.data(),
                                           .dy_stride = columns,
                                           .dq = dq.data(),
                                           .dq_stride = columns,
                                           .dk = dk.data(),
                                           .dv = dv.data(),
                                           .kv_stride = columns,
                                           .dbias = nullptr};
    native::attention_extents const extents{heads, heads, head_dim, head_dim};
    native::score_rules rules{};
    rules.factor = 0.125F;
    rules.causal = true;
    rules.keys = length;
    auto const mine = self.share(heads);
    float* const room = scratch.data() + static_cast<std::size_t>(self.index) * own();
    for (int h = mine.begin; h < mine.end; ++h) {
      native::attention_pass(rows, extents, rules, h, room).run();
      native::attention_reversal(rows, back, extents, rules, h, room).run();
    }
  }
};

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int main(int count, char** words) {
  constformer::team team(count > 1 ? std::atoi(words[1]) : 1);
  std::printf("ready\n");
  std::fflush(stdout);
  for (int length = 0; std::scanf("%d", &length) == 1;) {
    layer one(length, team.size());
    double best = 1e9;
    for (int i = 0; i < 4; ++i) {  // the first one touches memory
      double const start = seconds();
      team.run([&](constformer::worker const& self) { one.run(self); });
      if (i > 0) best = std::min(best, seconds() - start);
    }
    double const useful = 0.5 * length * (length + 1.0) * heads;
    std::printf("%.4e 0\n", best / useful);
    std::fflush(stdout);
  }
}
