#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer {

/// The bucket of a key `distance` positions after its query (T5, arXiv:1910.10683): small distances have one each,
/// larger ones share them on a logarithmic scale up to max_distance. An encoder has the upper half of the buckets for
/// keys after the query; a decoder's are all for keys before. In float, with the operations in the order of the
/// reference implementation, because borders of buckets fall on whole distances.
[[nodiscard]] inline int relative_bucket(relative_config const& r, mask_kind mask, int distance) {
  bool const both = mask == mask_kind::bidirectional;
  int const buckets = both ? r.buckets / 2 : r.buckets;
  int const first = both && distance > 0 ? buckets : 0;
  int const apart = both ? std::abs(distance) : std::max(-distance, 0);
  int const exact = buckets / 2;
  if (apart < exact) return first + apart;
  auto const range = static_cast<float>(std::log(static_cast<double>(r.max_distance) / exact));
  float const place = std::log(static_cast<float>(apart) / static_cast<float>(exact)) / range;
  int const shared = exact + static_cast<int>(place * static_cast<float>(buckets - exact));
  return first + std::min(shared, buckets - 1);
}

/// bias[distance] for distances in [least, most] of `heads` heads, `stride` floats from one head's to the next; `table`
/// is (buckets, heads), its rows `table_stride` floats apart.
inline void fill_relative(relative_config const& r, mask_kind mask, int heads, float const* table,
                          std::size_t table_stride, int least, int most, float* bias, std::size_t stride) {
  for (int distance = least; distance <= most; ++distance) {
    auto const bucket = static_cast<std::size_t>(relative_bucket(r, mask, distance));
    for (int head = 0; head < heads; ++head)
      bias[static_cast<std::ptrdiff_t>(stride) * head + distance] =
          table[bucket * table_stride + static_cast<std::size_t>(head)];
  }
}

}  // namespace constformer
