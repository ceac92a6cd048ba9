#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace constformer::serve {

/// 128 bits of a hash.
struct hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(hash128 const&) const = default;
};

/// SipHash-2-4 of 128 bits (Aumasson, Bernstein 2012, and the authors' reference code): who does not know the key
/// cannot look for two inputs of one hash.
class sip_hash {
 public:
  /// The hash of `bytes` under `key`.
  [[nodiscard]] static hash128 of(hash128 key, std::span<std::byte const> bytes) {
    sip_hash h(key);
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) h.take(word(bytes.subspan(at, 8)));
    h.take(word(bytes.subspan(at)) | static_cast<std::uint64_t>(bytes.size()) << 56);
    h.v_[2] ^= 0xee;
    hash128 out;
    out.low = h.finish();
    h.v_[1] ^= 0xdd;
    out.high = h.finish();
    return out;
  }

 private:
  explicit sip_hash(hash128 key)
      : v_{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d ^ 0xee, key.low ^ 0x6c7967656e657261,
           key.high ^ 0x7465646279746573} {}

  // Up to eight bytes, the first one lowest.
  static std::uint64_t word(std::span<std::byte const> bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) out |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    return out;
  }

  void round() {
    auto& [a, b, c, d] = v_;
    a += b, b = std::rotl(b, 13), b ^= a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16), d ^= c;
    a += d, d = std::rotl(d, 21), d ^= a;
    c += b, b = std::rotl(b, 17), b ^= c, c = std::rotl(c, 32);
  }

  void take(std::uint64_t m) {
    v_[3] ^= m;
    round();
    round();
    v_[0] ^= m;
  }

  std::uint64_t finish() {
    for (int i = 0; i < 4; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

  std::array<std::uint64_t, 4> v_;
};

}  // namespace constformer::serve
