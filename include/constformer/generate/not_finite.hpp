#pragma once

#include <span>

namespace constformer {

/// What a row of numbers is that a pass has made.
enum class pass_stage { hidden, logits, pooled, labels };

/// Throws `error` with stage, position (−1: of the whole sequence), token (−1: none) and the first of `values` that is
/// NaN or +∞.
[[noreturn]] void throw_not_finite(pass_stage stage, int position, int id, std::span<float const> values);

}  // namespace constformer
