// Trajectories of torch.optim.AdamW, and of Adam (make_vectors.py).
#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/kernels/adamw-inl.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/team.hpp"
#include "vectors.hpp"

using namespace constformer;

TEST_CASE("twenty steps of AdamW and Adam are torch's to 1e-6") {
  spin_barrier barrier(1);
  worker const alone{0, 1, &barrier};
  for (auto const& run : train_vectors()["adamw"]) {
    adamw_options const options{.beta1 = run["beta1"], .beta2 = run["beta2"], .eps = run["eps"], .decay = run["decay"]};
    auto p = run["start"].get<std::vector<float>>();
    std::vector<float> mean(p.size()), square(p.size());
    int step = 0;
    for (auto const& one : run["steps"]) {
      auto const gradient = one["gradient"].get<std::vector<float>>();
      moved_parameter const moved{.values = p.data(),
                                  .gradient = gradient.data(),
                                  .states = {mean.data(), square.data()},
                                  .step = static_cast<std::int64_t>(p.size()),
                                  .rows = static_cast<int>(p.size())};
      HWY_NAMESPACE::move_parameter(alone, options, moved, {.rate = one["rate"], .step = ++step});
      auto const want = one["parameters"].get<std::vector<float>>();
      for (std::size_t i = 0; i < p.size(); ++i)
        CHECK(std::abs(p[i] - want[i]) <= 1e-6F * std::fmax(1.0F, std::abs(want[i])));
    }
    CHECK(step == 20);
  }
}
