#pragma once

#include <cmath>

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/attend_options.hpp"
#include "constformer/graph/columns.hpp"
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

/// f of each value of a, with f' for the backward pass: captureless lambdas or functions of a float.
///
///     value const y = pointwise(x, [](float v) { return v * v; }, [](float v) { return 2 * v; });
constexpr value pointwise(value a, float (*function)(float), float (*slope)(float), call where = call::current()) {
  graph& g = a.owner();
  value const out = detail::emit(g, node_kind::pointwise, a.shape(), {a.id()}, where, g.slope_index(slope));
  g.nodes[static_cast<std::size_t>(out.id())].function = function;
  return out;
}

/// eˣ.
constexpr value exponential(value a, call where = call::current()) {
  constexpr auto e = [](float x) { return std::exp(x); };
  return pointwise(a, e, e, where);
}

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

/// Places of the `count` largest of the innermost axis, the largest first, the first of equal ones first: (…, x) to
/// (…, count), whole numbers that no gradient passes.
constexpr value top_indices(value a, int count, call where = call::current()) {
  if (count < 1 || count > a.shape().last().extent)
    a.owner().fail(where, format_message("top_indices: {} of {}", count, describe(a.shape())));
  return detail::emit(a.owner(), node_kind::top_indices, a.shape().with_last(count), {a.id()}, where, count);
}

/// Values of the innermost axis of a at `places` (rows, …, k), of which all axes but the last are those of a. Its
/// reverse adds up where a place occurs twice.
constexpr value take(value a, value places, call where = call::current()) {
  value_shape const from = a.shape(), at = places.shape();
  if (from.rank == 0 || at != from.with_last(at.last().extent))
    a.owner().fail(where, format_message("take: {} at {}", describe(from), describe(at)));
  return detail::emit(a.owner(), node_kind::take, at, {a.id(), places.id()}, where);
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

/// Σ over the outermost of two axes: (rows, x, y) to (rows, y).
constexpr value sum_outer(value a, call where = call::current()) {
  value_shape const shape = a.shape();
  if (shape.rank != 2) a.owner().fail(where, format_message("sum_outer: {} has not two axes", describe(shape)));
  return detail::emit(a.owner(), node_kind::fold, shape.with_axes(shape.axes[1]), {a.id()}, where);
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

namespace detail {

constexpr value emit_rope(value a, rope_config const& options, call where) {
  value_shape const shape = a.shape();
  graph& g = a.owner();
  int const dims = options.rotary_dims;
  if (shape.rank != 2 || shape.last().name != axes::head_dim || dims > shape.last().extent)
    g.fail(where, format_message("rope: {} does not end in a head_dim of at least {}", describe(shape), dims));
  if (dims < 2 || dims % (2 * options.planes) != 0)
    g.fail(where, format_message("rope: {} dims do not make pairs in {} planes", dims, options.planes));
  g.rotations.push_back(options);
  int const blocks = options.planes == 2 ? ids_of(g, id_column::blocks, where).id() : -1;
  return emit(g, node_kind::rope, shape, {a.id(), positions_of(a, where).id(), blocks}, where,
              static_cast<int>(g.rotations.size()) - 1, 1.0F);
}

}  // namespace detail

/// Each head rotates by its token's place (RoPE, arXiv:2104.09864), with the pairs, scaling and planes that `options`
/// says. a is (rows, heads, head_dim), of which the first rotary_dims rotate.
constexpr value rope(value a, rope_config const& options, call where = call::current()) {
  return detail::emit_rope(a, options, where);
}

/// The same over all of head_dim: pairs (j, j + head_dim/2) rotate by place·theta^(−2j/head_dim).
constexpr value rope(value a, float theta = 10000.0F, call where = call::current()) {
  return detail::emit_rope(a, {.theta = theta, .rotary_dims = a.shape().last().extent}, where);
}

/// cap·tanh(a/cap): values stay within (−cap, cap) (Gemma 2, arXiv:2408.00118).
constexpr value softcap(value a, float cap, call where = call::current()) {
  if (!(cap > 0.0F)) a.owner().fail(where, format_message("softcap: cap={} is not positive", cap));
  return detail::emit(a.owner(), node_kind::softcap, a.shape(), {a.id()}, where, 0, cap);
}

/// A number for each layer of the loop at hand, one row: what differs from layer to layer and is not learned.
constexpr value constant_by_layer(value beside, layer_values const& numbers, call where = call::current()) {
  graph& g = beside.owner();
  if (g.open_loop < 0) g.fail(where, format_message("constant_by_layer: there is no loop"));
  g.tables.push_back(numbers);
  return detail::emit(g, node_kind::constant, value_shape{}, {}, where, static_cast<int>(g.tables.size()) - 1);
}

/// a times one value of a row, `which` from 0; −1: that of the index of the layer at hand. The row is a parameter, or
/// is itself computed.
constexpr value gain(value a, value vector, int which = -1, call where = call::current()) {
  int const extent = vector.shape().columns();
  graph& g = a.owner();
  if (vector.shape().rows != row_kind::one || vector.shape().rank > 1 || which >= extent)
    g.fail(where, format_message("gain: value {} of {}", which, describe(vector.shape())));
  if (extent != 1 && g.at(vector.id()).kind != node_kind::parameter)
    g.fail(where, format_message("gain: {} is computed, and has not one value", describe(vector.shape())));
  if (which < 0 && (g.open_loop < 0 || g.loops[static_cast<std::size_t>(g.open_loop)].layers > extent))
    g.fail(where, format_message("gain: {} has no value for each layer", describe(vector.shape())));
  return detail::emit(g, node_kind::gain, a.shape(), {a.id(), vector.id()}, where, which);
}

/// The row before of the same sequence, 0 where there is none.
constexpr value shift(value a, call where = call::current()) {
  return detail::emit(a.owner(), node_kind::shift, a.shape(), {a.id(), positions_of(a, where).id()}, where, 1);
}

/// a, but 0 in the first row of each sequence.
constexpr value skip_first(value a, call where = call::current()) {
  return detail::emit(a.owner(), node_kind::skip_first, a.shape(), {a.id(), positions_of(a, where).id()}, where);
}

/// The first row of each sequence: (tokens, …) to (sequences, …).
constexpr value first_row(value a, call where = call::current()) {
  value_shape shape = a.shape();
  if (shape.rows != row_kind::token)
    a.owner().fail(where, format_message("first_row: {} has no rows of tokens", describe(shape)));
  shape.rows = row_kind::sequence;
  return detail::emit(a.owner(), node_kind::first_row, shape, {a.id()}, where);
}

/// A fixed table of sines and cosines (`position_kind` says which) by the places of the rows of `beside`:
/// (rows, channels=width).
constexpr value sinusoid(value beside, position_kind kind, int width, call where = call::current()) {
  value const positions = positions_of(beside, where);
  return detail::emit(beside.owner(), node_kind::sinusoid, positions.shape().with_axes(axis{axes::channels, width}),
                      {positions.id()}, where, static_cast<int>(kind));
}

/// Mean over the rows with a target (not negative) of −log softmax(logits)[target]. `logits` come from a linear layer,
/// capped or not, which becomes part of the loss, so that the logits of a batch need not be in memory at once.
constexpr value cross_entropy(value logits, value targets, call where = call::current()) {
  graph& g = logits.owner();
  node last = g.at(logits.id());
  float cap = 0.0F;
  if (last.kind == node_kind::softcap) {
    cap = last.factor;
    last = g.at(last.inputs[0]);
  }
  if (last.kind != node_kind::linear) {
    g.fail(last.where, format_message("cross_entropy: logits come from no linear layer"));
    return detail::emit(g, node_kind::zeros, value_shape{}, {}, where);
  }
  if (targets.shape() != value_shape{.rows = logits.shape().rows})
    g.fail(where, format_message("cross_entropy: logits are {} and targets {}", describe(logits.shape()),
                                 describe(targets.shape())));
  return detail::emit(g, node_kind::cross_entropy, value_shape{},
                      {last.inputs[0], last.inputs[1], last.inputs[2], targets.id()}, where, 0, cap);
}

/// a + b, two losses.
constexpr value add_losses(value a, value b, call where = call::current()) {
  return detail::emit(a.owner(), node_kind::add_losses, value_shape{}, {a.id(), b.id()}, where);
}

/// a, dropped while the model learns as much as `learning` says.
constexpr value drop(value a, call where = call::current()) {
  float const p = a.owner().learns.dropout;
  return p > 0.0F ? dropout(a, p, where) : a;
}

namespace detail {

constexpr bool has_axes(value_shape const& s, axis_name outer, axis_name inner) {
  return s.rank == 2 && s.axes[0].name == outer && s.axes[1].name == inner;
}

constexpr void judge_attention(value q, value k, value v, attend_options const& options, call where) {
  graph& g = q.owner();
  value_shape const query = q.shape(), key = k.shape(), values = v.shape();
  if (!has_axes(query, axes::heads, axes::head_dim) || !has_axes(key, axes::kv_heads, axes::head_dim))
    g.fail(where, format_message("attend: query is {} and key {}, not (heads, head_dim) and (kv_heads, head_dim)",
                                 describe(query), describe(key)));
  if (!has_axes(values, axes::kv_heads, axes::head_dim) || values.axes[0] != key.axes[0] || values.rows != key.rows)
    g.fail(where, format_message("attend: key is {} and value {}", describe(key), describe(values)));
  bool const crosses = options.mask == mask_kind::bidirectional && query.rows == row_kind::token;
  if ((query.rows != key.rows && !(crosses && key.rows == row_kind::source)) || query.last() != key.last())
    g.fail(where, format_message("attend: query is {} and key {}", describe(query), describe(key)));
  int const heads = query.axes[0].extent, kv_heads = key.axes[0].extent;
  if (kv_heads < 1 || heads % kv_heads != 0)
    g.fail(where, format_message("attend: heads={} is not a multiple of kv_heads={}", heads, kv_heads));
  if (options.window < 0) g.fail(where, format_message("attend: window={} is negative", options.window));
  if (!(options.dropout >= 0.0F && options.dropout < 1.0F))
    g.fail(where, format_message("attend: dropout {} is not in [0, 1)", options.dropout));
  if (options.window > 0 && options.mask != mask_kind::causal)
    g.fail(where,
           format_message("attend: window={} needs mask=causal, it is {}", options.window, name_of(options.mask)));
}

// Beside the heads, one log-sum-exp each, which the backward pass starts from (FlashAttention, arXiv:2307.08691).
constexpr value emit_attention(value q, value k, value v, int biases, attend_options const& options, call where) {
  graph& g = q.owner();
  judge_attention(q, k, v, options, where);
  value_shape const query = q.shape(), values = v.shape();
  int const heads = query.axes[0].extent;
  int const columns = heads * values.last().extent;
  g.attentions.push_back(options);
  value const all = emit(g, node_kind::attention, query.with_axes(axis{axes::channels, columns + heads}),
                         {q.id(), k.id(), v.id(), biases}, where, static_cast<int>(g.attentions.size()) - 1);
  return reshape(slice(all, 0, columns, where), where, query.axes[0], values.axes[1]);
}

}  // namespace detail

/// softmax(scale·q·kᵀ)·v over the keys that each query sees (arXiv:1706.03762), kv_heads shared by heads / kv_heads
/// queries each (arXiv:2305.13245). q (rows, heads, head_dim), k (rows, kv_heads, head_dim), v (rows, kv_heads, e) for
/// any e; gives (rows, heads, e). Keys and values may be of the source: cross-attention, with a bidirectional mask.
constexpr value attend(value q, value k, value v, attend_options const& options = {}, call where = call::current()) {
  return detail::emit_attention(q, k, v, -1, options, where);
}

/// The same with a bias of the scores for each head and bucket of distances between query and key (T5,
/// arXiv:1910.10683): `biases` is a parameter (options.relative.buckets, heads).
constexpr value attend_biased(value q, value k, value v, value biases, attend_options const& options,
                              call where = call::current()) {
  int const heads = q.shape().axes[0].extent;
  value_shape const shape = biases.shape();
  if (shape.rank != 2 || shape.axes[0].extent != options.relative.buckets || shape.axes[1].extent != heads)
    q.owner().fail(where, format_message("attend: the table of biases is [{},{}], not buckets={} and heads={}",
                                         shape.axes[0].extent, shape.axes[1].extent, options.relative.buckets, heads));
  return detail::emit_attention(q, k, v, biases.id(), options, where);
}

}  // namespace constformer
