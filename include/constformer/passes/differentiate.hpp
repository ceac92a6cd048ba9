#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/value.hpp"

namespace constformer {

namespace detail {

/// True of the nodes that a gradient reaches: parameters that learn, and what is computed from them.
constexpr std::vector<int> needs_gradient(graph const& g) {
  std::vector<int> needs(g.nodes.size(), 0);
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    node const& n = g.nodes[i];
    bool const frozen = std::find(g.frozen.begin(), g.frozen.end(), n.index) != g.frozen.end();
    bool any = (n.kind == node_kind::parameter && !frozen) || n.kind == node_kind::carry_in;
    for (int input : n.inputs) any = any || (input >= 0 && needs[static_cast<std::size_t>(input)]);
    needs[i] = any && n.kind != node_kind::stop && n.kind != node_kind::top_indices;
  }
  return needs;
}

/// Reverse mode over a forward graph: goes on from it, node by node backwards.
class reverse_pass {
 public:
  constexpr explicit reverse_pass(graph forward)
      : out_(static_cast<graph&&>(forward)),
        needs_(needs_gradient(out_)),
        gradient_(out_.nodes.size(), -1),
        again_(out_.nodes.size(), -1),
        reversed_(out_.nodes.size(), -1) {}

  constexpr graph run() {
    begin_with(out_.result);
    backwards(0, static_cast<int>(gradient_.size()), -1);
    return static_cast<graph&&>(out_);
  }

 private:
  // The loss computes the gradient of what it takes in the same go, so that logits need not be kept.
  constexpr void begin_with(int loss) {
    node& n = out_.nodes[static_cast<std::size_t>(loss)];
    if (n.kind == node_kind::add_losses) {
      auto const both = n.inputs;
      begin_with(both[0]);
      return begin_with(both[1]);
    }
    if (n.kind != node_kind::cross_entropy) {
      out_.fail(n.where, format_message("differentiate: the pass ends in no loss"));
      return;
    }
    n.index = loss_gradient::input | (wanted(n.inputs[1]) ? loss_gradient::weight : 0) |
              (wanted(n.inputs[2]) ? loss_gradient::bias : 0);
    n.shape = out_.at(n.inputs[0]).shape;
    give(n.inputs[0], loss);
  }

  constexpr int emit(node_kind kind, value_shape shape, std::initializer_list<int> inputs, int index = 0,
                     float factor = 0.0F) {
    return detail::emit(out_, kind, shape, inputs, where_, index, factor).id();
  }

  // True if the backward pass reads what node `n` of the forward pass computed, where that was kept.
  constexpr bool is_kept(node const& n) const {
    if (n.loop < 0 || n.kind == node_kind::carry_in || n.kind == node_kind::parameter || n.kind == node_kind::ids)
      return true;
    switch (out_.learns.recompute) {
      case recompute_kind::none: return true;
      case recompute_kind::pointwise: return !is_pointwise(n.kind);
      case recompute_kind::blocks: return false;
    }
    return true;
  }
  // Cheap to compute, from inputs that its own gradient reads.
  static constexpr bool is_pointwise(node_kind kind) {
    return kind == node_kind::activation || kind == node_kind::multiply || kind == node_kind::rms_norm ||
           kind == node_kind::layer_norm || kind == node_kind::deviation_norm;
  }

  // What node `id` of the forward pass computed, for a step of the backward pass: itself, or a copy that computes it
  // anew.
  constexpr int seen(int id) {
    node n = out_.at(id);
    if (is_kept(n)) return id;
    if (int const known = again_[static_cast<std::size_t>(id)]; known >= 0) return known;
    for (int& input : n.inputs)
      if (input >= 0) input = seen(input);
    int const within = std::exchange(out_.open_set, n.only);
    int const copy = out_.push(n);
    out_.open_set = within;
    return again_[static_cast<std::size_t>(id)] = copy;
  }

  // Adds `part` to the gradient of node `to`.
  constexpr void give(int to, int part) {
    if (to < 0 || !needs_[static_cast<std::size_t>(to)]) return;
    int const within = std::exchange(out_.open_set, out_.at(to).only);
    if (int const only = out_.at(part).only; only >= 0 && only != out_.open_set)
      part = emit(node_kind::sometimes, out_.at(to).shape, {part}, only);
    int& sum = gradient_[static_cast<std::size_t>(to)];
    sum = sum < 0 ? part : emit(node_kind::add, out_.at(to).shape, {sum, part});
    out_.open_set = within;
  }

  constexpr bool wanted(int id) const { return id >= 0 && needs_[static_cast<std::size_t>(id)]; }

  constexpr int gradient_of(int id) const { return gradient_[static_cast<std::size_t>(id)]; }

  // Nodes [begin, end) of loop `within`, the last first.
  constexpr void backwards(int begin, int end, int within) {
    for (int i = end - 1; i >= begin; --i) {
      node const n = out_.at(i);
      if (n.loop != within) {  // the last node of a body: the whole loop at once
        loop const body = out_.loops[static_cast<std::size_t>(n.loop)];
        backwards_loop(n.loop, body);
        i = body.begin;
      } else if (gradient_of(i) >= 0) {
        where_ = n.where;
        out_.open_set = n.only;
        derive(i, n, gradient_of(i));
        out_.open_set = -1;
      }
    }
  }

  struct carried {
    int from;  // node before the loop
    int in;    // of the backward loop
    int end;   // what an iteration ends with
  };

  constexpr void backwards_loop(int index, loop const& body) {
    std::vector<carried> carries;
    std::vector<int> seeds;
    std::vector<int> targets = carried_and_captured(index, body, seeds);
    std::size_t const own = count_carries(index);
    detail::open_loop(out_, body.layers, where_);
    out_.loops.back().reverses = index;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      int const in = detail::carry_in(out_, seeds[i], where_);
      carries.push_back({targets[i], in, -1});
      int& of = gradient_[static_cast<std::size_t>(i < own ? end_of(index, static_cast<int>(i)) : targets[i])];
      of = of < 0 || i >= own ? in : emit(node_kind::add, out_.at(in).shape, {of, in});
    }
    backwards(body.begin, body.end, index);
    close(carries, index, own);
  }

  // What a backward loop carries: gradients of what the loop carried, then of outer values that its body read; the
  // nodes that they are gradients of, and in `seeds` what they begin with.
  constexpr std::vector<int> carried_and_captured(int index, loop const& body, std::vector<int>& seeds) {
    std::vector<int> targets;
    for (int i = body.end; i < static_cast<int>(gradient_.size()); ++i) {
      node const n = out_.at(i);
      if (n.kind != node_kind::carry_out || out_.at(n.inputs[1]).loop != index) continue;
      targets.push_back(out_.at(n.inputs[1]).inputs[0]);
      seeds.push_back(gradient_of(i) >= 0 ? gradient_of(i) : emit(node_kind::zeros, n.shape, {}));
    }
    for (int i = body.begin; i < body.end; ++i) {
      node const n = out_.at(i);
      if (n.kind == node_kind::carry_in) continue;
      for (int input : n.inputs) {
        if (input < 0 || input >= body.begin || !wanted(input) || out_.at(input).kind == node_kind::parameter) continue;
        bool known = false;
        for (std::size_t k = count_carries(index); k < targets.size(); ++k) known = known || targets[k] == input;
        if (known) continue;
        targets.push_back(input);
        seeds.push_back(gradient_of(input) >= 0 ? gradient_of(input)
                                                : emit(node_kind::zeros, out_.at(input).shape, {}));
      }
    }
    return targets;
  }

  constexpr std::size_t count_carries(int index) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < gradient_.size(); ++i)
      count += out_.nodes[i].kind == node_kind::carry_in && out_.nodes[i].loop == index ? 1 : 0;
    return count;
  }

  // What the k-th value that loop `index` carries is at the end of an iteration, and as it finds it.
  constexpr node const& carry_out_of(int index, int k) const {
    for (std::size_t i = 0; i < gradient_.size(); ++i) {
      node const& n = out_.nodes[i];
      if (n.kind == node_kind::carry_out && out_.at(n.inputs[1]).loop == index && k-- == 0) return n;
    }
    return out_.nodes.front();
  }
  constexpr int end_of(int index, int k) const { return carry_out_of(index, k).inputs[0]; }

  constexpr void close(std::vector<carried>& carries, int index, std::size_t own) {
    std::vector<int> ends;
    for (std::size_t i = 0; i < carries.size(); ++i) {
      int const of = i < own ? carry_out_of(index, static_cast<int>(i)).inputs[1] : carries[i].from;
      int end = gradient_of(of);
      if (end < 0) end = emit(node_kind::zeros, out_.at(of).shape, {});
      bool shared = !detail::computes(out_.at(end)) || out_.at(end).loop != out_.open_loop;
      for (int other : ends) shared = shared || other == end;
      ends.push_back(shared ? emit(node_kind::copy, out_.at(end).shape, {end}) : end);
    }
    detail::close_loop(out_);
    std::vector<int> after;
    for (std::size_t i = 0; i < carries.size(); ++i)
      after.push_back(emit(node_kind::carry_out, out_.at(carries[i].in).shape, {ends[i], carries[i].in}));
    // What a body read from outside began with what was there; a value that the loop began with may be one of these.
    for (std::size_t i = own; i < carries.size(); ++i) gradient_[static_cast<std::size_t>(carries[i].from)] = after[i];
    for (std::size_t i = 0; i < own; ++i) give(carries[i].from, after[i]);
  }

  constexpr void derive(int id, node const& n, int d) {
    value_shape const shape = n.shape;
    int const a = n.inputs[0];
    int const b = n.inputs[1];
    auto const shape_of = [&](int of) { return out_.at(of).shape; };
    switch (n.kind) {
      case node_kind::add:
        give(a, d);
        give(b, d);
        break;
      case node_kind::subtract:
        give(a, d);
        if (wanted(b)) give(b, emit(node_kind::scale, shape, {d}, 0, -1.0F));
        break;
      case node_kind::multiply: multiply(n, d); break;
      case node_kind::dropout: give(a, emit(node_kind::dropout, shape, {d}, n.index, n.factor)); break;
      case node_kind::softcap: give(a, emit(node_kind::softcap_gradient, shape, {seen(id), d}, 0, n.factor)); break;
      case node_kind::gain: gain(n, d); break;
      case node_kind::pointwise: pointwise(n, d); break;
      case node_kind::take: give(a, emit(node_kind::take_gradient, shape_of(a), {d, seen(b)})); break;
      case node_kind::expert_linear:
        if (wanted(a)) give(a, emit(node_kind::expert_gradient, shape_of(a), {d, b, seen(n.inputs[2])}));
        if (wanted(b))
          emit(node_kind::expert_weight_gradient, shape_of(b), {d, seen(a), seen(n.inputs[2])}, out_.at(b).index);
        break;
      case node_kind::sometimes: give(a, d); break;
      case node_kind::skip_first: give(a, emit(node_kind::skip_first, shape, {d, b})); break;
      case node_kind::shift: give(a, emit(node_kind::shift, shape, {d, b}, -n.index)); break;
      case node_kind::first_row: give(a, emit(node_kind::first_row_gradient, shape_of(a), {d})); break;
      case node_kind::keep_top: give(a, emit(node_kind::keep_top_gradient, shape, {seen(id), d})); break;
      case node_kind::concatenate: concatenate(n, d); break;
      case node_kind::swap: give(a, emit(node_kind::swap, shape_of(a), {d})); break;
      case node_kind::spread: give(a, emit(node_kind::fold, shape_of(a), {d})); break;
      case node_kind::fold: give(a, emit(node_kind::spread, shape_of(a), {d})); break;
      case node_kind::stretch: give(a, emit(node_kind::inner_sum, shape_of(a), {d})); break;
      case node_kind::inner_sum: give(a, emit(node_kind::stretch, shape_of(a), {d})); break;
      case node_kind::scale: give(a, emit(node_kind::scale, shape, {d}, 0, n.factor)); break;
      case node_kind::activation:
        if (int const known = reversed_[static_cast<std::size_t>(id)]; known >= 0)
          give(a, known);
        else
          give(a, emit(node_kind::activation_gradient, shape, {seen(a), d}, n.index));
        break;
      case node_kind::copy:
        if (out_.at(a).kind == node_kind::parameter)
          into(a, node_kind::row_sum, d, -1);
        else
          give(a, d);
        break;
      case node_kind::reshape: give(a, emit(node_kind::reshape, shape_of(a), {d})); break;
      case node_kind::slice: give(a, emit(node_kind::place, shape_of(a), {d}, n.index)); break;
      case node_kind::gather: into(a, node_kind::gather_gradient, d, b, static_cast<float>(n.index)); break;
      case node_kind::linear:
        if (wanted(a)) give(a, emit(node_kind::linear_gradient, shape_of(a), {d, b}));
        if (wanted(b)) activate_both(a);
        if (wanted(b)) into(b, node_kind::weight_gradient, d, seen(a));
        into(n.inputs[2], node_kind::row_sum, d, -1);
        break;
      case node_kind::rms_norm:
      case node_kind::layer_norm:
      case node_kind::deviation_norm: norm(n, d); break;
      case node_kind::softmax: give(a, emit(node_kind::softmax_gradient, shape, {seen(id), d})); break;
      case node_kind::rope: give(a, emit(node_kind::rope, shape, {d, b, n.inputs[2]}, n.index, -n.factor)); break;
      case node_kind::attention: attention(id, n, d); break;
      case node_kind::parameter:
        out_.fail(n.where, format_message("differentiate: a parameter is used as a value"));
        break;
      default: break;
    }
  }

  // An activation that one linear layer alone reads, which has just given it its gradient: what is computed anew comes
  // from a node that also turns this gradient, which nobody else reads, into that of what the activation read.
  constexpr void activate_both(int id) {
    node const n = out_.at(id);
    auto const at = static_cast<std::size_t>(id);
    if (n.kind != node_kind::activation || is_kept(n) || again_[at] >= 0 || gradient_of(id) < 0 ||
        out_.at(gradient_of(id)).kind != node_kind::linear_gradient || !wanted(n.inputs[0]) ||
        n.only != out_.open_set || readers(id) != 1)
      return;
    int const d = gradient_of(id);
    again_[at] = emit(node_kind::activation_both, n.shape, {seen(n.inputs[0]), d}, n.index);
    reversed_[at] = emit(node_kind::written, n.shape, {d, again_[at]});
  }

  // Nodes of the forward pass that read node `id`.
  constexpr int readers(int id) const {
    int count = 0;
    for (std::size_t i = 0; i < gradient_.size(); ++i)
      for (int const input : out_.nodes[i].inputs) count += input == id ? 1 : 0;
    return count;
  }

  // The gradient of parameter node `of`, written where gradients lie.
  constexpr void into(int of, node_kind kind, int first, int second, float factor = 0.0F) {
    if (!wanted(of)) return;
    node const p = out_.at(of);
    emit(kind, p.shape, {first, second}, p.index, factor);
  }

  constexpr void pointwise(node const& n, int d) {
    int const slope = emit(node_kind::pointwise, n.shape, {seen(n.inputs[0])});
    out_.nodes[static_cast<std::size_t>(slope)].function = out_.slopes[static_cast<std::size_t>(n.index)];
    give(n.inputs[0], emit(node_kind::multiply, n.shape, {d, slope}));
  }

  constexpr void gain(node const& n, int d) {
    int const row = n.inputs[1];
    if (wanted(n.inputs[0])) give(n.inputs[0], emit(node_kind::gain, n.shape, {d, seen(row)}, n.index));
    if (!wanted(row)) return;
    node const p = out_.at(row);
    if (p.kind != node_kind::parameter) {
      give(row, emit(node_kind::gain_total, p.shape, {seen(n.inputs[0]), d}));
      return;
    }
    emit(node_kind::gain_gradient, p.shape, {seen(n.inputs[0]), d}, p.index, static_cast<float>(n.index));
  }

  constexpr void multiply(node const& n, int d) {
    int const a = n.inputs[0];
    int const b = n.inputs[1];
    if (wanted(a)) give(a, emit(node_kind::multiply, n.shape, {d, seen(b)}));
    if (!wanted(b)) return;
    bool const narrow = out_.at(b).shape.rank < n.shape.rank;
    give(b, emit(narrow ? node_kind::inner_sum : node_kind::multiply, out_.at(b).shape, {d, seen(a)}));
  }

  // Each part has its columns of d, piece by piece of the innermost axis.
  constexpr void concatenate(node const& n, int d) {
    int at = 0;
    for (int part : {n.inputs[0], n.inputs[1]}) {
      value_shape const shape = out_.at(part).shape;
      give(part, emit(node_kind::pick, shape, {d}, at));
      at += shape.last().extent;
    }
  }

  constexpr void norm(node const& n, int d) {
    int const a = n.inputs[0];
    int const kind = static_cast<int>(n.kind);
    if (wanted(a)) give(a, emit(node_kind::norm_gradient, n.shape, {seen(a), n.inputs[1], d}, kind, n.factor));
    if (wanted(n.inputs[1])) {
      int const normed = emit(node_kind::normed, n.shape, {seen(a)}, kind, n.factor);
      into(n.inputs[1], node_kind::row_sum, d, normed);
    }
    into(n.inputs[2], node_kind::row_sum, d, -1);
  }

  // Gradients of keys and values may be of other rows than that of queries: they lie in memory of their own.
  constexpr void attention(int id, node const& n, int d) {
    value_shape const q = out_.at(n.inputs[0]).shape, k = out_.at(n.inputs[1]).shape, v = out_.at(n.inputs[2]).shape;
    int const columns = k.columns() + v.columns();
    int const room = emit(node_kind::zeros, k.with_axes(axis{axes::channels, columns}), {});
    int const dq = emit(node_kind::attention_gradient, q,
                        {seen(n.inputs[0]), seen(n.inputs[1]), seen(n.inputs[2]), seen(id), d, room, n.inputs[3]},
                        n.index, wanted(n.inputs[3]) ? 1.0F : 0.0F);
    give(n.inputs[0], dq);
    int const both = emit(node_kind::written, out_.at(room).shape, {room, dq});
    give(n.inputs[1], columns_of(both, k, 0));
    give(n.inputs[2], columns_of(both, v, k.columns()));
  }

  // Columns of node `from`, from `first` on, as `shape`.
  constexpr int columns_of(int from, value_shape const& shape, int first) {
    value_shape const flat = shape.with_axes(axis{axes::channels, shape.columns()});
    return emit(node_kind::reshape, shape, {emit(node_kind::slice, flat, {from}, first)});
  }

  graph out_;
  std::vector<int> needs_;
  std::vector<int> gradient_;  // by forward node: the node that is its gradient so far; −1: none
  std::vector<int> again_;     // by forward node: its copy in the backward pass; −1: none
  std::vector<int> reversed_;  // by forward node: its reverse, where that is there before its turn; −1: none
  std::source_location where_{};
};

}  // namespace detail

/// The forward pass, which ends in a loss, and behind it the backward pass: gradients of all parameters. It keeps the
/// values of all layers that gradients need, or only what each layer began with, as `forward.learns` says.
[[nodiscard]] constexpr graph differentiate(graph forward) {
  return detail::reverse_pass(static_cast<graph&&>(forward)).run();
}

}  // namespace constformer
