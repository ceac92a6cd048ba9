#pragma once

#include <cstdint>
#include <type_traits>

#include "constformer/core/check.hpp"

namespace constformer {

/// What a parameter is to a loader, a quantiser or an optimizer.
enum class parameter_role : std::uint8_t { matrix, embedding, scale, bias };

/// One tensor of a layer: shape and role, no storage. A vector has Cols = 0 and rank 1.
template <parameter_role Role, int Rows, int Cols = 0>
struct parameter {
  static constexpr parameter_role role = Role;  ///< decides how it is packed and whether it may be quantised
  static constexpr int rows = Rows;             ///< outputs of a matrix, ids of an embedding, length of a vector
  static constexpr int cols = Cols;             ///< inputs of a matrix, width of an embedding; 0: a vector
};

/// Stands in a layer for a tensor or a layer that this config does not have.
struct absent {};

/// `Member` if `Present`, else nothing.
template <bool Present, class Member>
using member_if = std::conditional_t<Present, Member, absent>;

/// Compiles only if what `First` gives is what `Second` takes: (T, First::out) into (T, Second::in).
template <class First, class Second>
struct chained {
  static_assert(check<(First::out == Second::in), "chain: the first layer gives {} columns, the next takes {}",
                      First::out, Second::in>::value);
  static constexpr bool value = true;  ///< true, or the struct does not compile
};

/// `Count` equal layers: one type, and a loop at run time. Each takes what the one before it gives.
template <class Layer, int Count>
struct repeated {
  static_assert(check<(Count > 0), "repeated: count={} must be positive", Count>::value);
  static_assert([] {
    if constexpr (Count > 1 && requires { Layer::in == Layer::out; }) return chained<Layer, Layer>::value;
    return true;
  }());
  using layer = Layer;                 ///< the type that all of them have
  static constexpr int count = Count;  ///< how many
};

}  // namespace constformer
