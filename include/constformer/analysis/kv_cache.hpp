#pragma once

#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// How keys and values lie in the cache. Quantised values need scales: one per `values_per_scale` values of a head.
struct kv_format {
  dtype type = dtype::f32;   ///< of the values
  int values_per_scale = 0;  ///< 0: no scales beyond those inside the blocks of `type`
  int bytes_per_scale = 0;   ///< 2 for f16, 4 for f32
};

namespace detail {

constexpr std::int64_t kv_row_bytes(kv_format const& format, std::int64_t width) {
  dtype_group const group = group_of(format.type);
  std::int64_t const groups = (width + group.values - 1) / group.values;
  std::int64_t const scales =
      format.values_per_scale > 0 ? (width + format.values_per_scale - 1) / format.values_per_scale : 0;
  return sum_of(product_of(groups, group.bytes), product_of(scales, format.bytes_per_scale));
}

}  // namespace detail

/// Bytes that one token adds to the cache: key and value of each kv head of each layer; queries are not kept. An
/// encoder (bidirectional) keeps none. 2·layers·kv_heads·head_dim·bytes: 524,288 for a 7B Llama in f16.
[[nodiscard]] constexpr std::int64_t kv_bytes_per_token(config const& c, kv_format const& format) {
  if (c.mask == mask_kind::bidirectional) return 0;
  return product_of(2, c.layers, c.kv_heads, detail::kv_row_bytes(format, c.head_dim));
}

/// How programs keep keys and values in `type`: i8 with an f32 scale per position and kv head, for keys and values
/// apart.
[[nodiscard]] constexpr kv_format kv_format_of(config const& c, dtype type) {
  if (type != dtype::i8) return {type};
  return {type, c.head_dim, 4};
}

/// How a program of `c` keeps them.
[[nodiscard]] constexpr kv_format kv_format_of(config const& c) { return kv_format_of(c, c.kv_dtype); }

/// Bytes of the cache of `batch` sequences of `context` tokens each.
[[nodiscard]] constexpr std::int64_t kv_bytes(config const& c, kv_format const& format, std::int64_t batch,
                                              std::int64_t context) {
  return product_of(batch, context, kv_bytes_per_token(c, format));
}

/// Bytes of scales alone, which published tables of int8 caches leave out.
[[nodiscard]] constexpr std::int64_t kv_scale_bytes_per_token(config const& c, kv_format const& format) {
  return kv_bytes_per_token(c, format) - kv_bytes_per_token(c, {format.type, 0, 0});
}

/// Tokens whose keys and values fit into `bytes`: 19,073 of a 7B Llama in f16 into 10·10⁹ and 20,480 into 10 GiB.
[[nodiscard]] constexpr std::int64_t kv_tokens_within(config const& c, kv_format const& format, std::int64_t bytes) {
  std::int64_t const each = kv_bytes_per_token(c, format);
  return each == 0 ? beyond_counting : bytes / each;
}

/// Sequences of `context` tokens each whose caches fit into `bytes`.
[[nodiscard]] constexpr std::int64_t kv_sequences_within(config const& c, kv_format const& format, std::int64_t context,
                                                         std::int64_t bytes) {
  std::int64_t const each = kv_bytes(c, format, 1, context);
  return each == 0 ? beyond_counting : bytes / each;
}

}  // namespace constformer
