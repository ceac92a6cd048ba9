#pragma once

#include <span>
#include <vector>

namespace constformer::program {

/// A token and how likely it is.
struct likely_token {
  int id;
  float probability;
};

/// The `top` likeliest tokens of a row of logits (vocab), likeliest first, of equal ones the lowest id.
[[nodiscard]] std::vector<likely_token> likeliest_tokens(std::span<float const> logits, int top);

}  // namespace constformer::program
