// What a packed file is told by: two models share one only if they compute the same.
#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/traced_fingerprint.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"

namespace {

using namespace constformer;

enum class function_kind { square, same_square, cube, cut };

// Models that differ in nothing but a function, and in where its derivative is wrong.
template <function_kind Kind>
struct squared {
  using table_type = embedding<8, 8>;
  BOOST_HANA_DEFINE_STRUCT(squared, (table_type, tokens));

  constexpr value operator()(value ids) const {
    value const x = tokens(ids);
    float (*const slope)(float) = [](float v) { return 2 * v; };
    if constexpr (Kind == function_kind::square) return out(pointwise(x, [](float v) { return v * v; }, slope));
    if constexpr (Kind == function_kind::same_square)
      return out(pointwise(x, [](float v) { return v * v + 0 * v; }, [](float v) { return v; }));
    if constexpr (Kind == function_kind::cube) return out(pointwise(x, [](float v) { return v * v * v; }, slope));
    return out(pointwise(x, [](float v) { return v < 2 ? v * v : 4; }, slope));
  }
  constexpr value out(value x) const { return tied_logits(x, tokens); }
};

template <function_kind Kind>
constexpr auto print = traced_fingerprint<squared<Kind>>();

}  // namespace

TEST_CASE("models that differ in a user's function alone have different fingerprints") {
  STATIC_CHECK(print<function_kind::square> == print<function_kind::same_square>);
  STATIC_CHECK(print<function_kind::square> != print<function_kind::cube>);
  STATIC_CHECK(print<function_kind::square> != print<function_kind::cut>);
}
