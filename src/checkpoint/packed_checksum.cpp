#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "packed_format.hpp"
#include "section_sums.hpp"
#include "xxh3.hpp"

namespace constformer::packed {

namespace {

auto* best_xxh3() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return &xxh3_avx2;
#endif
  return &xxh3;
}

}  // namespace

std::uint64_t checksum(void const* bytes, std::size_t size) {
  static auto* const best = best_xxh3();
  return best(bytes, size);
}

std::uint64_t checksum(head value) {
  value.file.checksum = 0;
  return checksum(&value, sizeof value);
}

std::uint64_t section_checksum(std::span<std::byte const> bytes) {
  constexpr std::size_t worth_a_thread = std::size_t{8} << 20;
  section_sums sums(bytes);
  std::size_t const threads =
      std::clamp<std::size_t>(bytes.size() / worth_a_thread, 1, std::max(std::thread::hardware_concurrency(), 1U));
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&sums, i, threads] { sums.add_rest(i, threads); });
    sums.add_rest(0, threads);
  }
  return sums.total();
}

}  // namespace constformer::packed
