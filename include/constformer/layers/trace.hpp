#pragma once

#include <string_view>
#include <type_traits>

#include "constformer/core/members.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/put_in_order.hpp"
#include "constformer/graph/value.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace constformer {

namespace detail {

template <class Member>
constexpr void number(Member& member, int& next) {
  if constexpr (is_parameter<Member>) {
    member.index = next++;
  } else if constexpr (is_repeated<Member>) {
    number(member.each, next);
  } else if constexpr (!std::is_same_v<Member, absent>) {
    for_each_member(member, [&](std::string_view, auto& inner) { number(inner, next); });
  }
}

}  // namespace detail

/// Columns of integers that a batch has.
enum class id_column : int {
  tokens,     ///< what the model reads
  positions,  ///< place of each token in its sequence
  targets     ///< what it is to foretell; negative: nothing
};

/// A model whose parameters know their places in `parameter_table<Model>`.
template <class Model>
[[nodiscard]] constexpr Model numbered() {
  Model model{};
  int next = 0;
  detail::number(model, next);
  return model;
}

/// A column of the batch, one integer for each token.
constexpr value ids_of(graph& g, id_column column, call where = call::current()) {
  return detail::emit(g, node_kind::ids, value_shape{.rows = row_kind::token}, {}, where, static_cast<int>(column));
}
/// The same, in the graph of another value.
constexpr value positions_of(value ids, call where = call::current()) {
  return ids_of(ids.owner(), id_column::positions, where);
}

namespace detail {

template <class Model>
constexpr graph trace_as_called() {
  graph g;
  g.result = numbered<Model>()(ids_of(g, id_column::tokens)).id();
  return g;
}

}  // namespace detail

/// The forward pass of a language model: Model's call operator takes the ids of tokens and gives (tokens, vocab).
template <class Model>
[[nodiscard]] constexpr graph trace() {
  return put_in_order(detail::trace_as_called<Model>());
}

/// The same, and the mean cross-entropy of its logits and the targets. A linear layer that gives the logits becomes
/// part of the loss, so that the logits of a batch need not be in memory at once.
template <class Model>
[[nodiscard]] constexpr graph trace_loss() {
  graph g = detail::trace_as_called<Model>();
  call const where = call::current();
  node const last = g.at(g.result);
  int const targets = ids_of(g, id_column::targets, where).id();
  bool const fused = last.kind == node_kind::linear;
  if (!fused) g.fail(last.where, format_message("loss: the model ends in no linear layer"));
  g.result = detail::emit(g, node_kind::cross_entropy, value_shape{},
                          {last.inputs[0], last.inputs[1], last.inputs[2], targets}, where)
                 .id();
  return put_in_order(g);
}

}  // namespace constformer
