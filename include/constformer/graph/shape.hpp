#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/core/text.hpp"

namespace constformer {

/// What an axis means: two axes of equal extent and different names do not fit.
///
///     inline constexpr axis_name bottleneck{"bottleneck"};
struct axis_name {
  char text[16]{};  ///< at most 15 characters and a closing zero

  /// No name.
  constexpr axis_name() = default;
  /// The name that a literal says.
  template <std::size_t N>
    requires(N <= 16)
  constexpr axis_name(char const (&literal)[N]) {  // NOLINT(google-explicit-constructor): literals are names
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  /// The characters.
  [[nodiscard]] constexpr std::string_view view() const { return text; }
  bool operator==(axis_name const&) const = default;
};

/// The axes that layers of the library have.
namespace axes {
inline constexpr axis_name channels{"channels"};  ///< of the residual stream, and whatever has no other name
inline constexpr axis_name heads{"heads"};        ///< of queries
inline constexpr axis_name kv_heads{"kv_heads"};  ///< of keys and values
inline constexpr axis_name head_dim{"head_dim"};  ///< of one head
inline constexpr axis_name vocab{"vocab"};        ///< ids of tokens
inline constexpr axis_name experts{"experts"};    ///< of a mixture
}  // namespace axes

/// One static axis of a value.
struct axis {
  axis_name name;  ///< what it means
  int extent = 0;  ///< positive
  bool operator==(axis const&) const = default;
};

/// What the rows of a value are; how many there are is known when a batch is.
enum class row_kind : std::uint8_t {
  one,       ///< a single row: parameters, a loss
  sequence,  ///< one for each sequence of the batch
  token,     ///< one for each token
  source,    ///< one for each token of the source, in encoder-decoder models
  wanted     ///< one for each token whose result is asked for
};

/// The name of a kind of rows, as messages write it.
[[nodiscard]] constexpr std::string_view name_of(row_kind rows) {
  switch (rows) {
    case row_kind::one: return "one";
    case row_kind::sequence: return "sequences";
    case row_kind::token: return "tokens";
    case row_kind::source: return "source tokens";
    case row_kind::wanted: return "wanted tokens";
  }
  return "?";
}

/// Rows of one kind, and up to three static axes, the last one contiguous.
struct value_shape {
  static constexpr int most_axes = 3;  ///< limit of `rank`

  row_kind rows = row_kind::one;  ///< what they are
  int rank = 0;                   ///< axes in use
  axis axes[most_axes]{};         ///< outermost first
  bool operator==(value_shape const&) const = default;

  /// Values of a row.
  [[nodiscard]] constexpr int columns() const {
    int product = 1;
    for (int i = 0; i < rank; ++i) product *= axes[i].extent;
    return product;
  }
  /// The innermost axis; of a value without axes, none.
  [[nodiscard]] constexpr axis last() const { return rank == 0 ? axis{} : axes[rank - 1]; }
  /// The same with an innermost axis of another extent.
  [[nodiscard]] constexpr value_shape with_last(int extent) const {
    value_shape out = *this;
    if (rank > 0) out.axes[rank - 1].extent = extent;
    return out;
  }
  /// The same without the innermost axis.
  [[nodiscard]] constexpr value_shape without_last() const {
    value_shape out = *this;
    if (rank > 0) out.axes[--out.rank] = {};
    return out;
  }
  /// The same rows with other axes.
  template <class... Axes>
  [[nodiscard]] constexpr value_shape with_axes(Axes... others) const {
    static_assert(sizeof...(Axes) <= most_axes);
    value_shape out{rows, 0, {}};
    ((out.axes[out.rank++] = others), ...);
    return out;
  }
};

/// `(tokens, heads=4, head_dim=16)`.
[[nodiscard]] constexpr text_buffer<120> describe(value_shape const& shape) {
  text_buffer<120> out;
  out << std::string_view("(") << name_of(shape.rows);
  for (int i = 0; i < shape.rank; ++i)
    out << std::string_view(", ") << shape.axes[i].name.view() << std::string_view("=") << shape.axes[i].extent;
  return out << std::string_view(")");
}

}  // namespace constformer
