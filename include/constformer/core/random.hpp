#pragma once

#include <cstdint>

namespace constformer {

/// xorshift64* (Vigna 2016, arXiv:1402.6246) with the shifts 12, 25, 27: the generator of llama2.c. A state of 0 stays
/// 0.
class xorshift64_star {
 public:
  /// A generator in that state, as llama2.c takes its seed: no mixing (`mix_seed` does that).
  constexpr explicit xorshift64_star(std::uint64_t state) : state_(state) {}

  /// The next 64 bits.
  constexpr std::uint64_t next_u64() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1DULL;
  }

  /// The upper half of the next 64 bits.
  constexpr std::uint32_t next_u32() { return static_cast<std::uint32_t>(next_u64() >> 32); }

  /// A multiple of 2^-24 in [0, 1), as llama2.c flips its coin.
  constexpr float next_float() { return static_cast<float>(next_u32() >> 8) / 16777216.0F; }

  /// A multiple of 2^-53 in [0, 1).
  constexpr double next_double() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Spreads a seed over all 64 bits, never to 0 (finaliser of SplitMix64, Steele et al. 2014), so that near seeds give
/// unlike rows.
[[nodiscard]] constexpr std::uint64_t mix_seed(std::uint64_t seed) {
  seed += 0x9E3779B97F4A7C15ULL;
  seed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  seed = (seed ^ (seed >> 27)) * 0x94D049BB133111EBULL;
  seed ^= seed >> 31;
  return seed == 0 ? 1 : seed;
}

}  // namespace constformer
