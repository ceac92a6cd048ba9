#pragma once

#include <cstdint>
#include <type_traits>

namespace constformer {

/// What a parameter is to a loader, a quantiser or an optimizer.
enum class parameter_role : std::uint8_t { matrix, embedding, scale, bias };

/// One tensor of a layer: shape and role, no storage. A vector has Cols = 0 and rank 1.
template <parameter_role Role, int Rows, int Cols = 0>
struct parameter {
  static constexpr parameter_role role = Role;
  static constexpr int rows = Rows;
  static constexpr int cols = Cols;
};

/// Stands in a layer for a tensor or a layer that this config does not have.
struct absent {};

/// `Member` if `Present`, else nothing.
template <bool Present, class Member>
using member_if = std::conditional_t<Present, Member, absent>;

/// `Count` equal layers: one type, and a loop at run time.
template <class Layer, int Count>
struct repeated {
  using layer = Layer;
  static constexpr int count = Count;
};

}  // namespace constformer
