#pragma once

#include <cstddef>
#include <cstdint>

#include "constformer/core/random.hpp"

/// What dropout drops: a hash of the seed, the pass, the call, the layer and the value's place, whatever the threads.
namespace constformer {

/// What the coins of one pass are made of: `pass` counts batches.
[[nodiscard]] constexpr std::uint64_t coins_of(std::uint64_t seed, std::int64_t pass) {
  return mix_seed(seed + static_cast<std::uint64_t>(pass));
}

/// The same of one row of a value that is dropped by the call `site`, the index of its node.
[[nodiscard]] constexpr std::uint64_t coins_of_row(std::uint64_t coins, int site, int layer, std::size_t row) {
  return coins + static_cast<std::uint64_t>(site) * 0x9E3779B97F4A7C15ULL +
         static_cast<std::uint64_t>(layer) * 0xD1B54A32D192ED03ULL + row * 0x2545F4914F6CDD1DULL;
}

/// The same of a row of attention's probabilities, one key a column: `site` is the index of its options, `row` that of
/// the query's row times the heads plus the head.
[[nodiscard]] constexpr std::uint64_t coins_of_query(std::uint64_t coins, int site, int layer, std::size_t row) {
  constexpr int sites_of_calls = 1 << 24;  // which `coins_of_row` has
  return coins_of_row(coins, sites_of_calls + site, layer, row);
}

/// True of values that are dropped, with probability `p`.
[[nodiscard]] constexpr bool is_dropped(std::uint64_t coins_of_its_row, int column, float p) {
  return static_cast<std::uint32_t>(mix_seed(coins_of_its_row + static_cast<std::uint64_t>(column)) >> 32) <
         static_cast<std::uint32_t>(p * 4294967296.0F);
}

}  // namespace constformer
