#pragma once

#include <span>

namespace constformer::serve {

/// ln Σ exp(logit), in double: what is taken off a logit to make it a log-probability.
double log_sum_exp(std::span<float const> logits);

}  // namespace constformer::serve
