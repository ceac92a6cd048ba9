// Muon of matrices of many strips, by any number of threads, against nanochat's and Keller Jordan's own
// (make_trajectories.py).
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/muon-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/train/torch_generator.hpp"
#include "tensors.hpp"

using namespace constformer;

namespace {

// Two layers of one shape after two steps.
template <muon_form Form>
std::vector<float> moved_twice(int rows, int cols, int threads) {
  using options = muon_options<Form>;
  auto const size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
  std::size_t const step = static_cast<std::size_t>(round_up(static_cast<std::int64_t>(size), panel_rows));
  std::vector<float> weights(2 * step), gradient(2 * step), mean(2 * step), square(2 * step);
  std::vector<float> shared(static_cast<std::size_t>(options::scratch(rows, cols)));
  std::vector<float> own(static_cast<std::size_t>(threads) * HWY_NAMESPACE::product_scratch);
  torch_generator random(13);
  auto const draw = [&](std::vector<float>& into) {
    for (std::size_t layer = 0; layer < 2; ++layer)
      random.fill_uniform({into.data() + layer * step, size}, -0.5F, 0.5F);
  };
  draw(weights);
  team workers(threads);
  moved_parameter const p{.values = weights.data(),
                          .gradient = gradient.data(),
                          .states = {mean.data(), square.data()},
                          .state_steps = {static_cast<std::int64_t>(step), padded(std::max(rows, cols))},
                          .step = static_cast<std::int64_t>(step),
                          .rows = rows,
                          .cols = cols,
                          .layers = 2};
  for (int i = 1; i <= 2; ++i) {
    draw(gradient);
    workers.run([&](worker const& self) {
      update_terms const terms{
          .rate = 0.1,
          .step = i,
          .own = own.data() + static_cast<std::size_t>(self.index) * HWY_NAMESPACE::product_scratch,
          .shared = shared.data()};
      HWY_NAMESPACE::move_parameter(self, options{.momentum = 0.9, .beta2 = 0.9, .decay = 0.2}, p, terms);
    });
  }
  std::vector<float> out(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(size));
  out.insert(out.end(), weights.begin() + static_cast<std::ptrdiff_t>(step),
             weights.begin() + static_cast<std::ptrdiff_t>(step + size));
  return out;
}

template <muon_form Form>
void compare(std::string const& run, int rows, int cols) {
  auto const one = moved_twice<Form>(rows, cols, 1);
  for (int threads : {2, 3, 5}) {
    auto const more = moved_twice<Form>(rows, cols, threads);
    CHECK(std::memcmp(one.data(), more.data(), one.size() * sizeof(float)) == 0);
  }
  auto const& want = original_tensors().at(run + "." + std::to_string(rows) + "x" + std::to_string(cols));
  float gap = 0.0F;
  for (std::size_t i = 0; i < want.size(); ++i) {
    float const apart = std::abs(one[i * 97] - want[i]);
    gap = std::isnan(apart) ? INFINITY : std::max(gap, apart);
  }
  INFO(run << " " << rows << "x" << cols << ": gap " << gap << " of " << want.size());
  CHECK(want.size() == (one.size() + 96) / 97);
  CHECK(gap <= 5e-6F);
}

}  // namespace

TEST_CASE("two steps of tall, wide, square and narrow matrices are the originals', the same bits for any threads") {
  using shape = std::pair<int, int>;
  for (auto const& [rows, cols] :
       {shape{130, 61}, shape{61, 130}, shape{100, 100}, shape{90, 110}, shape{110, 90}, shape{3, 200}, shape{80, 2}}) {
    compare<nanochat_muon::form_2026_07>("large_nanochat", rows, cols);
    compare<muon_form{}>("large_muon", rows, cols);
  }
}
