#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// A row of `Width` values for each of `Rows` ids.
template <int Rows, int Width>
struct embedding {
  static constexpr int rows = Rows;    ///< ids: tokens, positions or segments
  static constexpr int width = Width;  ///< d_model
  static constexpr int out = Width;    ///< columns of what it gives
  /// (Rows, Width).
  using weight_type = parameter<parameter_role::embedding, Rows, Width>;
  BOOST_HANA_DEFINE_STRUCT(embedding, (weight_type, weight));

  /// The rows of `ids`, or of ids that begin with `first`: (rows) to (rows, channels=Width).
  constexpr value operator()(value ids, int first = 0, call where = call::current()) const {
    if (ids.shape().rank != 0)
      ids.owner().fail(where, format_message("embedding: ids have no axes, but these are {}", describe(ids.shape())));
    return detail::emit(ids.owner(), node_kind::gather, ids.shape().with_axes(axis{axes::channels, Width}),
                        {weight.in(ids, where).id(), ids.id()}, where, first);
  }
};

namespace detail {

/// The node of a head's bias: −1 if it has none.
template <class Head>
constexpr int bias_of(Head const& head, value beside, call where) {
  if constexpr (requires { head.bias; }) return node_of(head.bias, beside, where);
  return -1;
}

}  // namespace detail

/// `embedding` under a name that members do not have, for code that says `using namespace constformer`.
template <int Rows, int Width>
using embedding_layer = embedding<Rows, Width>;

/// Logits x·Wᵀ (+ b) by the table of `tokens`, W (Rows, Width): a tied head. x (rows, Width) to (rows, vocab=Rows);
/// `head` may have a bias (Rows) of its own.
template <int Rows, int Width, class Head = absent>
constexpr value tied_logits(value x, embedding<Rows, Width> const& tokens, Head const& head = {},
                            call where = call::current()) {
  if (x.shape().columns() != Width)
    x.owner().fail(where,
                   format_message("tied_logits: table is [{},{}], input is {}", Rows, Width, describe(x.shape())));
  return detail::emit(x.owner(), node_kind::linear, x.shape().with_axes(axis{axes::vocab, Rows}),
                      {x.id(), tokens.weight.in(x, where).id(), detail::bias_of(head, x, where)}, where);
}

/// A head that uses the embedding's weight: logits (T, vocab) = x (T, d_model) · Wᵀ. It has no parameters of its own.
template <int Vocab, int DModel, class Embedding>
struct tied_head {
  static_assert(check<(Embedding::rows == Vocab && Embedding::width == DModel),
                      "head: tied to an embedding of [{},{}], but needs [{},{}]", Embedding::rows, Embedding::width,
                      Vocab, DModel>::value);
  static constexpr bool value = true;  ///< true, or the struct does not compile
};

/// The parameters of a linear layer over (T, In) that shares its weight with another: a bias (Out) alone.
template <int Out>
struct shared_weight_linear {
  static constexpr int out = Out;  ///< columns of the result
  /// b (Out).
  using bias_type = parameter<parameter_role::bias, Out>;
  BOOST_HANA_DEFINE_STRUCT(shared_weight_linear, (bias_type, bias));
};

}  // namespace constformer
