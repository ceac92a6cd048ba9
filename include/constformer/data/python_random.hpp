#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "constformer/train/mersenne_twister.hpp"

namespace constformer {

/// The numbers of Python's random.Random(seed) since 3.2, for seeds of 32 bits.
class python_random {
 public:
  /// As `random.Random(seed)`.
  constexpr explicit python_random(std::uint32_t seed) : twister_(std::span<std::uint32_t const>(&seed, 1)) {}
  /// Goes on from a state.
  constexpr explicit python_random(mersenne_twister::state const& from) : twister_(from) {}

  /// What it goes on from.
  [[nodiscard]] constexpr mersenne_twister::state const& now() const { return twister_.now(); }

  /// `random()`: a multiple of 2⁻⁵³ in [0, 1).
  constexpr double uniform() {
    std::uint32_t const high = twister_.next() >> 5, low = twister_.next() >> 6;
    return (high * 67108864.0 + low) * 0x1p-53;
  }

  /// `_randbelow(n)`, which randrange and choice stand on: 0 < n < 2³².
  constexpr std::uint32_t below(std::uint32_t n) {
    auto const bits = static_cast<int>(std::bit_width(n));
    while (true) {
      std::uint32_t const drawn = twister_.next() >> (32 - bits);
      if (drawn < n) return drawn;
    }
  }

  /// `randint(low, high)`, both included.
  constexpr std::int64_t integer(std::int64_t low, std::int64_t high) {
    return low + below(static_cast<std::uint32_t>(high - low + 1));
  }

  /// `shuffle(values)`.
  template <class T>
  constexpr void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i-- > 1;)
      std::swap(values[i], values[below(static_cast<std::uint32_t>(i + 1))]);
  }

 private:
  mersenne_twister twister_;
};

}  // namespace constformer
