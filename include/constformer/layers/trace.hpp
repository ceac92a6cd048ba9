#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "constformer/core/members.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/operations.hpp"
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

/// A model whose parameters know their places in `parameter_table<Model>`.
template <class Model>
[[nodiscard]] constexpr Model numbered() {
  Model model{};
  int next = 0;
  detail::number(model, next);
  return model;
}

/// What a pass is for: what the model's call operator gives. It takes the ids of tokens, or of a source and of tokens.
struct whole_model {
  /// The model called.
  template <class Model>
  constexpr value operator()(Model const& model, value ids) const {
    if constexpr (requires { model(ids, ids); })
      return model(ids_of(ids.owner(), id_column::source), ids);
    else
      return model(ids);
  }
};

/// The forward pass of a model: what `Part(model, ids)` computes, one of several heads, say.
template <class Model, auto Part = whole_model{}>
[[nodiscard]] constexpr graph trace() {
  graph g;
  g.result = Part(numbered<Model>(), ids_of(g, id_column::tokens)).id();
  return put_in_order(g);
}

/// The forward pass and its loss: what the model's `loss(ids)` says, else the mean cross-entropy of what its call
/// operator gives, (rows, vocab), and the targets.
template <class Model, learning Learns = learning{}>
[[nodiscard]] constexpr graph trace_loss() {
  graph g;
  g.learns = Learns;
  for (std::size_t i = 0; i < parameter_table<Model>.size(); ++i)
    if (!learns(Learns.trains, parameter_table<Model>[i])) g.frozen.push_back(static_cast<int>(i));
  if constexpr (requires(Model const& model, value ids) { model.loss(ids); })
    g.result = numbered<Model>().loss(ids_of(g, id_column::tokens)).id();
  else
    g.result =
        cross_entropy(whole_model{}(numbered<Model>(), ids_of(g, id_column::tokens)), ids_of(g, id_column::targets))
            .id();
  return put_in_order(g);
}

}  // namespace constformer
