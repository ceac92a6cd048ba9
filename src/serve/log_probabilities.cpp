#include "log_probabilities.hpp"

#include <algorithm>
#include <cmath>

namespace constformer::serve {

double log_sum_exp(std::span<float const> logits) {
  double const top = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (float const logit : logits) sum += std::exp(static_cast<double>(logit) - top);
  return top + std::log(sum);
}

}  // namespace constformer::serve
