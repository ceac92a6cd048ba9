// Steps of Muon as nanochat has it today, over the matrices of its d4: four layers of six. Timed by the
// protocol of steps.cpp; `flops` are those of its products, each in full.
//
//   bench_train_muon_d4 THREADS
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/muon-inl.hpp"
#include "constformer/kernels/muon.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/train/torch_generator.hpp"

namespace {

using namespace constformer;
using options_type = nanochat_muon::options;

constexpr int layers = 4;
struct extents {
  int rows, cols;
};
constexpr std::array<extents, 6> matrices{{{256, 256}, {256, 256}, {256, 256}, {256, 256}, {1024, 256}, {256, 1024}}};

// A matrix of all layers, its gradients and states.
class moved_matrix {
 public:
  explicit moved_matrix(extents e)
      : e_(e),
        step_(static_cast<std::size_t>(e.rows) * static_cast<std::size_t>(e.cols)),
        second_(static_cast<std::size_t>(std::max(e.rows, e.cols))),
        values_(layers * step_),
        gradient_(layers * step_),
        mean_(layers * step_),
        square_(layers * second_) {
    torch_generator random(13);
    random.fill_uniform(values_, -0.1F, 0.1F);
    random.fill_uniform(gradient_, -0.01F, 0.01F);
  }

  moved_parameter view() {
    return {.values = values_.data(),
            .gradient = gradient_.data(),
            .states = {mean_.data(), square_.data()},
            .state_steps = {static_cast<std::int64_t>(step_), static_cast<std::int64_t>(second_)},
            .step = static_cast<std::int64_t>(step_),
            .rows = e_.rows,
            .cols = e_.cols,
            .layers = layers};
  }

 private:
  extents e_;
  std::size_t step_, second_;
  std::vector<float> values_, gradient_, mean_, square_;
};

// Five steps of x·xᵀ, its square, and their product with x.
constexpr long long flops() {
  long long sum = 0;
  for (auto const [rows, cols] : matrices) {
    long long const low = std::min(rows, cols), high = std::max(rows, cols);
    sum += layers * 5 * 2 * (2 * low * low * high + low * low * low);
  }
  return sum;
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int main(int count, char** words) {
  int const threads = count > 1 ? std::atoi(words[1]) : 1;
  std::vector<moved_matrix> all;
  for (auto const e : matrices) all.emplace_back(e);
  std::vector<float> shared(static_cast<std::size_t>(options_type::scratch(1024, 256)));
  std::vector<float> own(static_cast<std::size_t>(threads) * HWY_NAMESPACE::product_scratch);
  team workers(threads);
  std::printf("{\"tokens\": 0, \"flops\": %lld}\n", flops());
  std::fflush(stdout);
  int taken = 0;
  for (int steps = 0; std::scanf("%d", &steps) == 1;) {
    for (int i = 0; i < steps; ++i) {
      double const start = seconds();
      ++taken;
      workers.run([&](worker const& self) {
        update_terms const terms{
            .rate = 0.02,
            .step = taken,
            .own = own.data() + static_cast<std::size_t>(self.index) * HWY_NAMESPACE::product_scratch,
            .shared = shared.data()};
        for (auto& matrix : all)
          HWY_NAMESPACE::move_parameter(self, options_type{.beta2 = 0.9, .decay = 0.2}, matrix.view(), terms);
      });
      std::printf("%.9f ", seconds() - start);
    }
    std::printf("0\n");
    std::fflush(stdout);
  }
}
