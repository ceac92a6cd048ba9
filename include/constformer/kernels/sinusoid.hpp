#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "constformer/config/kinds.hpp"

namespace constformer {

namespace detail {

struct sinusoid_place {
  double exponent;  // of 1/10000
  bool cosine;
};

// Column c of d. The four conventions are told in kinds.hpp.
constexpr sinusoid_place sinusoid_place_of(position_kind kind, int c, int d) {
  int const half = d / 2;
  switch (kind) {
    case position_kind::sinusoid_halves: return {2.0 * (c % half) / d, c >= half};
    case position_kind::sinusoid_lecture: return {2.0 * c / d, c % 2 == 1};
    case position_kind::sinusoid:
    case position_kind::sinusoid_opennmt:
    case position_kind::none:
    case position_kind::learned:
    case position_kind::rotary:
    case position_kind::relative: break;
  }
  return {2.0 * (c / 2) / d, c % 2 == 1};
}

// OpenNMT's and CTranslate2's are made in float throughout, and models were trained on them.
inline void opennmt_row(int position, std::span<float> out) {
  std::size_t const half = out.size() / 2;
  float const increment = std::log(10000.0F) / static_cast<float>(half - 1);
  for (std::size_t i = 0; i < half; ++i) {
    float const angle = static_cast<float>(position + 1) * std::exp(-increment * static_cast<float>(i));
    out[i] = std::sin(angle);
    out[half + i] = std::cos(angle);
  }
}

}  // namespace detail

/// The row (d_model) of one position in the table of `kind`, a sinusoid. In double, rounded once, but for OpenNMT's.
inline void sinusoid_row(position_kind kind, int position, std::span<float> out) {
  if (kind == position_kind::sinusoid_opennmt) return detail::opennmt_row(position, out);
  int const d = static_cast<int>(out.size());
  for (int c = 0; c < d; ++c) {
    auto const [exponent, cosine] = detail::sinusoid_place_of(kind, c, d);
    double const angle = position * std::pow(10000.0, -exponent);
    out[static_cast<std::size_t>(c)] = static_cast<float>(cosine ? std::cos(angle) : std::sin(angle));
  }
}

}  // namespace constformer
