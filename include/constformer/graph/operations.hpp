#pragma once

#include "constformer/config/kinds.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/value.hpp"

/// Operations without parameters. Each judges what it is given and appends a node; its last parameter is the place of
/// the call, never passed by hand.
namespace constformer {

/// The point-wise function `kind` of a.
constexpr value activate(activation_kind kind, value a, call where = call::current()) {
  return detail::emit(a.owner(), node_kind::activation, a.shape(), {a.id()}, where, static_cast<int>(kind));
}
/// x·σ(x).
constexpr value silu(value a, call where = call::current()) { return activate(activation_kind::silu, a, where); }
/// ½x(1 + erf(x/√2)).
constexpr value gelu(value a, call where = call::current()) { return activate(activation_kind::gelu, a, where); }
/// GELU's tanh form, GPT-2's.
constexpr value gelu_tanh(value a, call where = call::current()) {
  return activate(activation_kind::gelu_tanh, a, where);
}
/// max(x, 0).
constexpr value relu(value a, call where = call::current()) { return activate(activation_kind::relu, a, where); }
/// max(x, 0)².
constexpr value relu2(value a, call where = call::current()) { return activate(activation_kind::relu2, a, where); }
/// tanh(x).
constexpr value tanh(value a, call where = call::current()) { return activate(activation_kind::tanh, a, where); }
/// σ(x) = 1/(1 + e⁻ˣ).
constexpr value sigmoid(value a, call where = call::current()) { return activate(activation_kind::sigmoid, a, where); }

/// eˣ/Σeˣ over the innermost axis.
constexpr value softmax(value a, call where = call::current()) {
  return detail::emit(a.owner(), node_kind::softmax, a.shape(), {a.id()}, where);
}

/// a where it is among the `count` largest of its innermost axis, the first of equal ones, else −10³⁰: what a softmax
/// then gives to `count` experts alone (routing by top-k).
constexpr value keep_top(value a, int count, call where = call::current()) {
  if (count < 1 || count > a.shape().last().extent)
    a.owner().fail(where, format_message("keep_top: {} of {}", count, describe(a.shape())));
  return detail::emit(a.owner(), node_kind::keep_top, a.shape(), {a.id()}, where, count);
}

/// a with each value 0 with probability `p`, and the others divided by 1 − p (arXiv:1207.0580). What is dropped follows
/// from the step, the place of the call and the value's own place alone, whatever the threads. In passes without
/// gradients it is a.
constexpr value dropout(value a, float p, call where = call::current()) {
  if (!(p >= 0.0F && p < 1.0F)) a.owner().fail(where, format_message("dropout: probability {} is not in [0, 1)", p));
  int const site = static_cast<int>(a.owner().nodes.size());
  return detail::emit(a.owner(), node_kind::dropout, a.shape(), {a.id()}, where, site, p);
}

/// a, then b, along the innermost axis: equal but for its extent, which are added up.
constexpr value concatenate(value a, value b, call where = call::current()) {
  value_shape one = a.shape();
  value_shape const other = b.shape();
  if (one.rank == 0 || one.with_last(0) != other.with_last(0))
    a.owner().fail(where, format_message("concatenate: {} and {}", describe(one), describe(other)));
  return detail::emit(a.owner(), node_kind::concatenate, one.with_last(one.last().extent + other.last().extent),
                      {a.id(), b.id()}, where);
}

/// (rows, x, y) as (rows, y, x).
constexpr value swap_axes(value a, call where = call::current()) {
  value_shape const shape = a.shape();
  if (shape.rank != 2) a.owner().fail(where, format_message("swap_axes: {} has not two axes", describe(shape)));
  return detail::emit(a.owner(), node_kind::swap, shape.with_axes(shape.axes[1], shape.axes[0]), {a.id()}, where);
}

/// (rows, y) repeated as (rows, outer, y).
constexpr value spread(value a, axis outer, call where = call::current()) {
  value_shape const shape = a.shape();
  if (shape.rank != 1) a.owner().fail(where, format_message("spread: {} has not one axis", describe(shape)));
  return detail::emit(a.owner(), node_kind::spread, shape.with_axes(outer, shape.axes[0]), {a.id()}, where);
}

/// Σ over the innermost axis: (rows, x, y) to (rows, x).
constexpr value sum(value a, call where = call::current()) {
  if (a.shape().rank < 2) a.owner().fail(where, format_message("sum: {} has not two axes", describe(a.shape())));
  return detail::emit(a.owner(), node_kind::inner_sum, a.shape().without_last(), {a.id()}, where);
}
/// The same, divided by its extent.
constexpr value mean(value a, call where = call::current()) {
  return scale(sum(a, where), 1.0F / static_cast<float>(a.shape().last().extent), where);
}

/// a, through which no gradient passes.
constexpr value stop_gradient(value a, call where = call::current()) {
  return detail::emit(a.owner(), node_kind::stop, a.shape(), {a.id()}, where);
}

/// The columns of a by other axes, of as many values.
template <class... Axes>
constexpr value reshape(value a, call where, Axes... others) {
  value_shape const shape = a.shape().with_axes(others...);
  if (shape.columns() != a.shape().columns())
    a.owner().fail(where, format_message("reshape: {} has {} columns, {} has {}", describe(a.shape()),
                                         a.shape().columns(), describe(shape), shape.columns()));
  return detail::emit(a.owner(), node_kind::reshape, shape, {a.id()}, where);
}

/// Indices [first, first + extent) of the innermost axis of a, which has one axis.
constexpr value slice(value a, int first, int extent, call where = call::current()) {
  axis const last = a.shape().last();
  if (a.shape().rank != 1 || first < 0 || extent < 1 || first + extent > last.extent)
    a.owner().fail(where,
                   format_message("slice: [{}, {}) is not within {}", first, first + extent, describe(a.shape())));
  return detail::emit(a.owner(), node_kind::slice, a.shape().with_axes(axis{last.name, extent}), {a.id()}, where,
                      first);
}

/// (rows, heads·head_dim) as (rows, heads, head_dim).
constexpr value split_heads(value a, int heads, int head_dim, axis_name name = axes::heads,
                            call where = call::current()) {
  return reshape(a, where, axis{name, heads}, axis{axes::head_dim, head_dim});
}

/// Each head rotates by its token's place in its sequence: pairs (j, j + head_dim/2) by place·theta^(−2j/head_dim)
/// (RoPE, arXiv:2104.09864). a is (rows, heads, head_dim).
constexpr value rope(value a, float theta = 10000.0F, call where = call::current()) {
  value_shape const shape = a.shape();
  if (shape.rank != 2 || shape.last().name != axes::head_dim || shape.last().extent % 2 != 0)
    a.owner().fail(where, format_message("rope: {} does not end in an even head_dim", describe(shape)));
  return detail::emit(a.owner(), node_kind::rope, shape, {a.id()}, where, 1, theta);
}

/// Options of `attend`.
struct attend_options {
  int window = 0;  ///< a query sees this many keys, itself included; 0: all before it
};

/// softmax(q·kᵀ/√head_dim)·v over the keys up to each query (arXiv:1706.03762), kv_heads shared by heads / kv_heads
/// queries each (arXiv:2305.13245). q (tokens, heads, head_dim), k (tokens, kv_heads, head_dim), v (tokens, kv_heads,
/// e) for any e; gives (tokens, heads, e).
constexpr value attend(value q, value k, value v, attend_options options = {}, call where = call::current()) {
  graph& g = q.owner();
  value_shape const query = q.shape();
  value_shape const key = k.shape();
  auto const headed = [](value_shape const& s, axis_name name) {
    return s.rank == 2 && s.axes[0].name == name && s.axes[1].name == axes::head_dim;
  };
  if (!headed(query, axes::heads) || !headed(key, axes::kv_heads))
    g.fail(where, format_message("attend: query is {} and key {}, not (heads, head_dim) and (kv_heads, head_dim)",
                                 describe(query), describe(key)));
  value_shape const values = v.shape();
  if (!headed(values, axes::kv_heads) || values.axes[0] != key.axes[0] || values.rows != key.rows)
    g.fail(where, format_message("attend: key is {} and value {}", describe(key), describe(values)));
  if (query.rows != key.rows || query.last() != key.last())
    g.fail(where, format_message("attend: query is {} and key {}", describe(query), describe(key)));
  int const heads = query.axes[0].extent;
  int const kv_heads = key.axes[0].extent;
  if (kv_heads < 1 || heads % kv_heads != 0)
    g.fail(where, format_message("attend: heads={} is not a multiple of kv_heads={}", heads, kv_heads));
  if (options.window < 0) g.fail(where, format_message("attend: window={} is negative", options.window));
  // Beside the heads, one log-sum-exp each, which the backward pass starts from (FlashAttention, arXiv:2307.08691).
  int const columns = heads * values.last().extent;
  value_shape const wide = query.with_axes(axis{axes::channels, columns + heads});
  value const all = detail::emit(g, node_kind::attention, wide, {q.id(), k.id(), v.id()}, where, options.window);
  value const mixed = slice(all, 0, columns, where);
  return reshape(mixed, where, query.axes[0], values.axes[1]);
}

}  // namespace constformer
