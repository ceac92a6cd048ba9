#pragma once

#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/analysis/operations.hpp"
#include "constformer/analysis/pass.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// Floating-point operations of the matrix products, two per multiply-add. Norms, softmax, activations and additions
/// are left out, as nanoGPT and the scaling literature leave them out: well under 1 % at published widths.
struct flop_count {
  std::int64_t projections = 0;      ///< everything that multiplies by a weight
  std::int64_t attention = 0;        ///< scores and mix, unmasked entries only: 4·d_model·T(T+1)/2 per causal layer
  std::int64_t attention_dense = 0;  ///< the same with masked entries multiplied too: 4·d_model·T²

  /// With masked entries skipped.
  [[nodiscard]] constexpr std::int64_t triangular() const { return sum_of(projections, attention); }
  /// With masked entries multiplied.
  [[nodiscard]] constexpr std::int64_t dense() const { return sum_of(projections, attention_dense); }
};

/// FLOPs of one pass of one sequence.
[[nodiscard]] constexpr flop_count flops_of(config const& c, forward_pass const& p) {
  flop_count f;
  for (operation const& o : operations_of(c, p)) {
    std::int64_t const useful = product_of(2, o.times(), o.multiply_adds);
    std::int64_t& sum = o.attends ? f.attention : f.projections;
    sum = sum_of(sum, useful);
    if (o.attends) f.attention_dense = sum_of(f.attention_dense, product_of(2, o.times(), o.dense_multiply_adds()));
  }
  return f;
}

/// FLOPs of one forward pass over `tokens` tokens with logits at each: 291,648,307,200 dense for nanoGPT (GPT-2 124M,
/// no biases) at 1024, as its own estimate has it.
[[nodiscard]] constexpr flop_count flops_of_scoring(config const& c, std::int64_t tokens) {
  return flops_of(c, scoring_pass(tokens));
}

/// FLOPs of reading a prompt of `tokens` tokens, logits at the last.
[[nodiscard]] constexpr flop_count flops_of_prefill(config const& c, std::int64_t tokens) {
  return flops_of(c, prefill_pass(tokens));
}

/// FLOPs of one more token that sees `context` keys, itself included: 2 per weight and 4·d_model·layers·context.
[[nodiscard]] constexpr flop_count flops_of_token(config const& c, std::int64_t context) {
  return flops_of(c, decode_pass(context));
}

}  // namespace constformer
