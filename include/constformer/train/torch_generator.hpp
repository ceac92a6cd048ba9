#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/train/mersenne_twister.hpp"

namespace constformer {

/// The numbers that PyTorch's CPU generator gives after `torch.manual_seed(seed)`, in the order in which its calls take
/// them: integers, permutations, uniform numbers and masks bit for bit, normal ones to a unit in the last place or two.
class torch_generator {
 public:
  /// As `torch.manual_seed(seed)` leaves it.
  explicit torch_generator(std::uint64_t seed) : seed_(seed), engine_(static_cast<std::uint32_t>(seed)) {}

  /// The next word of the Mersenne twister.
  std::uint32_t next32() { return engine_.next(); }
  /// Two words, the first one above.
  std::uint64_t next64() {
    std::uint64_t const high = next32();
    return high << 32 | next32();
  }

  /// One element of `torch.rand`: a multiple of 2⁻²⁴ in [0, 1).
  float uniform() { return static_cast<float>(next32() & 0xFFFFFFU) * 0x1p-24F; }
  /// The same in double precision: a multiple of 2⁻⁵³.
  double uniform_double() { return static_cast<double>(next64() & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53; }

  /// One element of `torch.randint(low, high, …)`, low < high.
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    auto const range = static_cast<std::uint64_t>(high - low);
    std::uint64_t const word = range >= std::uint64_t{1} << 28 ? next64() : next32();
    return low + static_cast<std::int64_t>(word % range);
  }

  /// `torch.randperm(n)`, n below 2³²/20.
  std::vector<std::int64_t> permutation(std::int64_t n) {
    std::vector<std::int64_t> out(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int64_t>(i);
    for (std::size_t i = 0; i + 1 < out.size(); ++i) std::swap(out[i], out[i + next32() % (out.size() - i)]);
    return out;
  }

  /// `tensor.uniform_(low, high)` of a contiguous tensor of floats.
  void fill_uniform(std::span<float> out, float low, float high) {
    for (float& x : out) x = uniform() * (high - low) + low;
  }

  /// `tensor.normal_(mean, deviation)` of a contiguous tensor of floats. What is drawn depends on the length of a call:
  /// 16 and more come in blocks of 16, fewer one by one, of which every other is left over from the one before.
  void fill_normal(std::span<float> out, float mean, float deviation) {
    if (out.size() < block) {
      for (float& x : out)
        x = static_cast<float>(one_normal() * static_cast<double>(deviation) + static_cast<double>(mean));
      return;
    }
    for (float& x : out) x = uniform();
    for (std::size_t i = 0; i + block <= out.size(); i += block) to_normal(out.subspan(i, block), mean, deviation);
    if (out.size() % block == 0) return;
    std::span<float> const last = out.last(block);  // drawn anew, so that the block is whole
    for (float& x : last) x = uniform();
    to_normal(last, mean, deviation);
  }

  /// One element of a Bernoulli mask: true with probability `p`.
  bool bernoulli(double p) { return uniform_double() < p; }

  static constexpr std::size_t state_size = 5056;         ///< bytes
  using state_bytes = std::array<std::byte, state_size>;  ///< what `torch.get_rng_state()` gives

  /// Its state, as `torch.get_rng_state()` and Generator.get_state() give it.
  [[nodiscard]] state_bytes state() const {
    state_bytes out{};
    auto const& now = engine_.now();
    put(out, 0, seed_);
    put(out, 8, std::uint64_t{now.left} | std::uint64_t{1} << 32);  // left, then "seeded"
    put(out, 16, now.next);
    for (std::size_t i = 0; i < now.words.size(); ++i) put(out, 24 + 8 * i, now.words[i]);
    put(out, spare_at, has_spare_ ? std::bit_cast<std::uint64_t>(spare_) : 0);
    put(out, spare_at + 16, has_spare_ ? 1 : 0);
    return out;
  }

  /// Goes on from a state, as `torch.set_rng_state`. Throws `error` on what is none.
  void restore(std::span<std::byte const> state) {
    mersenne_twister::state now;
    if (state.size() == state_size) {
      seed_ = get(state, 0);
      now.left = static_cast<std::uint32_t>(get(state, 8));
      now.next = static_cast<std::uint32_t>(get(state, 16));
      for (std::size_t i = 0; i < now.words.size(); ++i)
        now.words[i] = static_cast<std::uint32_t>(get(state, 24 + 8 * i));
    }
    if (state.size() != state_size || (now.left != 1 && now.left + now.next != now.words.size() + 1))
      throw error("these " + std::to_string(state.size()) + " bytes are no state of torch's generator, which has 5056");
    engine_ = mersenne_twister(now);
    has_spare_ = get(state, spare_at + 16) != 0;
    spare_ = std::bit_cast<double>(get(state, spare_at));
  }

 private:
  static constexpr std::size_t block = 16;
  static constexpr std::size_t spare_at = 24 + 8 * mersenne_twister::size + 8;

  static void put(state_bytes& out, std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) out[at + i] = static_cast<std::byte>(value >> (8 * i));
  }
  static std::uint64_t get(std::span<std::byte const> in, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(in[at + i]);
    return value;
  }

  // Box and Muller's pairs: j and j + 8 of each block.
  static void to_normal(std::span<float> out, float mean, float deviation) {
    for (std::size_t j = 0; j < block / 2; ++j) {
      float const radius = std::sqrt(-2.0F * std::log(1.0F - out[j]));
      float const angle = 2.0F * std::numbers::pi_v<float> * out[j + block / 2];
      out[j] = radius * std::cos(angle) * deviation + mean;
      out[j + block / 2] = radius * std::sin(angle) * deviation + mean;
    }
  }

  double one_normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double const first = uniform_double();
    double const radius = std::sqrt(-2.0 * std::log1p(-uniform_double()));
    double const angle = 2.0 * std::numbers::pi * first;
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  std::uint64_t seed_;
  mersenne_twister engine_;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace constformer
