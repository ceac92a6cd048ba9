#pragma once

#include <cstdint>
#include <type_traits>

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

/// `Count` equal layers: one type, and a loop at run time.
template <class Layer, int Count>
struct repeated {
  using layer = Layer;                 ///< the type that all of them have
  static constexpr int count = Count;  ///< how many
};

}  // namespace constformer
