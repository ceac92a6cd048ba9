// Trajectories of torch.optim.AdamW, and of Adam (make_vectors.py).
#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/kernels/adamw-inl.hpp"
#include "vectors.hpp"

using namespace constformer;

TEST_CASE("twenty steps of AdamW and Adam are torch's to 1e-6") {
  for (auto const& run : train_vectors()["adamw"]) {
    adamw_options const options{run["beta1"], run["beta2"], run["eps"], run["decay"]};
    auto p = run["start"].get<std::vector<float>>();
    std::vector<float> mean(p.size()), square(p.size());
    int step = 0;
    for (auto const& one : run["steps"]) {
      auto const gradient = one["gradient"].get<std::vector<float>>();
      HWY_NAMESPACE::adamw_step({p.data(), gradient.data(), mean.data(), square.data()}, 0,
                                static_cast<std::int64_t>(p.size()), options, one["rate"], ++step, 1.0F);
      auto const want = one["parameters"].get<std::vector<float>>();
      for (std::size_t i = 0; i < p.size(); ++i)
        CHECK(std::abs(p[i] - want[i]) <= 1e-6F * std::fmax(1.0F, std::abs(want[i])));
    }
    CHECK(step == 20);
  }
}
