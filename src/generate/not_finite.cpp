#include "constformer/generate/not_finite.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

std::string name_of(pass_stage stage) {
  switch (stage) {
    case pass_stage::hidden: return "the hidden state after the last layer";
    case pass_stage::logits: return "the row of logits";
    case pass_stage::pooled: return "the output of the pooler";
    case pass_stage::labels: return "the row of scores";
  }
  return "a row";
}

}  // namespace

void throw_not_finite(pass_stage stage, int position, int id, std::span<float const> values) {
  auto const bad = [](float x) { return !(x <= std::numeric_limits<float>::max()); };
  auto const first = std::ranges::find_if(values, bad);
  std::string place = position < 0 ? std::string() : " at position " + std::to_string(position);
  if (id >= 0) place += " (token " + std::to_string(id) + ")";
  throw error(name_of(stage) + place + " is not finite: value " + std::to_string(first - values.begin()) + " of " +
              std::to_string(values.size()) + (std::isnan(*first) ? " is not a number" : " is infinite"));
}

}  // namespace constformer
