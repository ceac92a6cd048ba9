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
    case position_kind::sinusoid_opennmt: return {static_cast<double>(c % half) / (half - 1), c >= half};
    case position_kind::sinusoid_lecture: return {2.0 * c / d, c % 2 == 1};
    case position_kind::sinusoid:
    case position_kind::none:
    case position_kind::learned:
    case position_kind::rotary:
    case position_kind::relative: break;
  }
  return {2.0 * (c / 2) / d, c % 2 == 1};
}

}  // namespace detail

/// The row (d_model) of one position in the table of `kind`, a sinusoid. In double, rounded once.
inline void sinusoid_row(position_kind kind, int position, std::span<float> out) {
  int const d = static_cast<int>(out.size());
  int const p = kind == position_kind::sinusoid_opennmt ? position + 1 : position;
  for (int c = 0; c < d; ++c) {
    auto const [exponent, cosine] = detail::sinusoid_place_of(kind, c, d);
    double const angle = p * std::pow(10000.0, -exponent);
    out[static_cast<std::size_t>(c)] = static_cast<float>(cosine ? std::cos(angle) : std::sin(angle));
  }
}

}  // namespace constformer
