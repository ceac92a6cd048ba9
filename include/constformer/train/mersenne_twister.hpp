#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace constformer {

/// MT19937 (Matsumoto and Nishimura 1998), whose state can be kept and seeded as torch, llm.c and Python do it; the
/// standard library's has neither.
class mersenne_twister {
 public:
  static constexpr std::size_t size = 624;  ///< words of its state

  /// Between two numbers; `left` counts down to the next twist, as torch stores it.
  struct state {
    std::array<std::uint32_t, size> words{};  ///< the state itself
    std::uint32_t left = 1;                   ///< a twist comes when it reaches 0
    std::uint32_t next = 0;                   ///< the word that comes next

    bool operator==(state const&) const = default;
  };

  /// init_genrand: torch.manual_seed, llm.c.
  constexpr explicit mersenne_twister(std::uint32_t seed) {
    auto& w = state_.words;
    w[0] = seed;
    for (std::uint32_t i = 1; i < size; ++i) w[i] = 1812433253U * (w[i - 1] ^ (w[i - 1] >> 30)) + i;
  }

  /// init_by_array, at least one word: Python's random.
  constexpr explicit mersenne_twister(std::span<std::uint32_t const> key) : mersenne_twister(19650218U) {
    auto& w = state_.words;
    std::size_t i = 1;
    auto const step = [&] {
      if (++i < size) return;
      w[0] = w[size - 1];
      i = 1;
    };
    for (std::size_t k = 0; k < (key.size() > size ? key.size() : size); ++k, step()) {
      std::size_t const j = k % key.size();
      w[i] = (w[i] ^ ((w[i - 1] ^ (w[i - 1] >> 30)) * 1664525U)) + key[j] + static_cast<std::uint32_t>(j);
    }
    for (std::size_t k = 1; k < size; ++k, step())
      w[i] = (w[i] ^ ((w[i - 1] ^ (w[i - 1] >> 30)) * 1566083941U)) - static_cast<std::uint32_t>(i);
    w[0] = 0x80000000U;
  }

  /// Goes on from a state.
  constexpr explicit mersenne_twister(state const& from) : state_(from) {}

  /// What `mersenne_twister(state)` goes on from.
  [[nodiscard]] constexpr state const& now() const { return state_; }

  /// The next 32 bits.
  constexpr std::uint32_t next() {
    if (--state_.left == 0) twist();
    std::uint32_t y = state_.words[state_.next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
  }

 private:
  constexpr void twist() {
    auto& w = state_.words;
    for (std::size_t i = 0; i < size; ++i) {
      std::uint32_t const y = (w[i] & 0x80000000U) | (w[(i + 1) % size] & 0x7fffffffU);
      w[i] = w[(i + 397) % size] ^ (y >> 1) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
    }
    state_.left = size;
    state_.next = 0;
  }

  state state_;
};

}  // namespace constformer
