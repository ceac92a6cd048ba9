// What a processor's multiply-adds come to at best, measured.
#if defined(CONSTFORMER_KERNELS_PEAK_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_PEAK_INL_HPP
#undef CONSTFORMER_KERNELS_PEAK_INL_HPP
#else
#define CONSTFORMER_KERNELS_PEAK_INL_HPP
#endif

#include <chrono>
#include <cstddef>
#include <vector>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// `turns` multiply-adds in each of twelve independent chains: two a cycle, each five cycles long at most on the
/// machines we know. Returns something of all of them.
HWY_NOINLINE inline float multiply_add_chains(int turns) {
  constexpr int chains = 12;
  float_tag const d;
  auto const factor = hn::Set(d, 0.999F);
  auto const term = hn::Set(d, 0.5F);
  float_vec sums[chains];
  HWY_UNROLL(chains)
  for (int c = 0; c < chains; ++c) sums[c] = hn::Set(d, static_cast<float>(c));  // unlike, or they become one chain
  for (int i = 0; i < turns; ++i) {
    HWY_UNROLL(chains)
    for (int c = 0; c < chains; ++c) sums[c] = hn::MulAdd(sums[c], factor, term);
  }
  auto sum = sums[0];
  for (int c = 1; c < chains; ++c) sum = hn::Add(sum, sums[c]);
  return hn::GetLane(sum);
}

/// FLOP/s of `threads` threads that do nothing but multiply and add, two for each of a vector's values; the best of
/// what fits into `seconds`.
inline double multiply_add_peak(int threads, double seconds) {
  using clock = std::chrono::steady_clock;
  constexpr int turns = 20'000;
  team workers(threads);
  std::vector<float> kept(static_cast<std::size_t>(workers.size()) * 16);
  auto const elapsed = [](clock::time_point since) {
    return std::chrono::duration<double>(clock::now() - since).count();
  };
  double best = 0.0;
  for (auto const begin = clock::now(); elapsed(begin) < seconds;) {
    auto const turn = clock::now();
    workers.run(
        [&](worker const& self) { kept[static_cast<std::size_t>(self.index) * 16] += multiply_add_chains(turns); });
    double const rate = 2.0 * 12 * turns * lanes * workers.size() / elapsed(turn);
    best = rate > best ? rate : best;
  }
  return kept[0] < 0.0F ? 0.0 : best;
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
