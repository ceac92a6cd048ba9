#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace constformer {

/// The most rows that a batch has.
struct batch_bounds {
  int tokens = 0;     ///< rows of all its sequences
  int sequences = 1;  ///< sequences
  int sources = 0;    ///< rows of all its sources, in encoder-decoder models
  int length = 0;     ///< rows of the longest sequence or source; 0: of all of them
  int wanted = 0;     ///< rows that are asked for, in passes that compute these alone

  /// Rows of a value.
  [[nodiscard]] constexpr int rows(row_kind kind) const {
    switch (kind) {
      case row_kind::one: return 1;
      case row_kind::sequence: return sequences;
      case row_kind::token: return tokens;
      case row_kind::source: return sources;
      case row_kind::wanted: return wanted;
    }
    return 0;
  }
  /// Places that a row may have in its sequence.
  [[nodiscard]] constexpr int longest() const { return length > 0 ? length : std::max(tokens, sources); }
};

/// Where one parameter lies among all, and alike its gradient and moments: (rows, cols), row by row, floats.
struct parameter_place {
  std::int64_t offset = 0;  ///< of the first layer's
  std::int64_t step = 0;    ///< from one layer's to the next
};

/// All parameters of a model one after the other, each beginning at a cache line; those that learn come first.
template <std::size_t N>
struct parameter_layout {
  std::array<parameter_place, N> places{};  ///< in the order of `parameter_table`
  std::int64_t floats = 0;                  ///< of all
  std::int64_t trained = 0;                 ///< of those that learn: so far gradients reach
};

/// The layout of `parameter_table<Model>`, of which learns what `Trains` says.
template <class Model, parameter_filter const* Trains = nullptr>
[[nodiscard]] constexpr auto layout_parameters() {
  constexpr auto const& table = parameter_table<Model>;
  parameter_layout<table.size()> out;
  auto const place = [&](bool trained) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (learns(Trains, table[i]) != trained) continue;
      out.places[i] = {out.floats, round_up(table[i].size(), panel_rows)};
      out.floats += out.places[i].step * table[i].layers;
    }
  };
  place(true);
  out.trained = out.floats;
  place(false);
  return out;
}

/// Floats from row to row of a value in the arena: whole vectors, and no multiple of 1 KB, for the rows of a tile would
/// share sets of a cache (measured in docs/performance.md).
[[nodiscard]] constexpr int row_stride(int columns) {
  constexpr int sharing = 256;
  return padded(columns) + (padded(columns) % sharing == 0 ? panel_rows : 0);
}

/// In which memory a node's values lie.
enum class memory_kind : std::uint8_t { none, ids, input, parameter, gradient, arena };

/// Where a node's rows lie.
struct node_place {
  memory_kind memory = memory_kind::none;  ///< which
  std::int64_t offset = 0;                 ///< floats, in the first slot
  std::int64_t step = 0;                   ///< floats from one layer's slot to the next; 0: all layers use one
  int stride = 0;                          ///< floats from row to row
  int shift = 0;                           ///< what ends iteration i is what i + 1 begins with
  bool in_turn = false;                    ///< two slots, used in turn by iterations: nobody else looks
  bool adds = false;                       ///< a gradient that something before it in the pass has written
};

/// Memory of a pass: floats of the arena, places by node.
template <std::size_t N>
struct memory_plan {
  std::array<node_place, N> places{};  ///< by node
  std::int64_t floats = 0;             ///< of the arena
};

namespace detail {

/// True of nodes that write gradients of parameter `n.index`.
constexpr bool is_sink(node_kind kind) {
  return kind == node_kind::weight_gradient || kind == node_kind::row_sum || kind == node_kind::gather_gradient ||
         kind == node_kind::gain_gradient || kind == node_kind::expert_weight_gradient;
}

/// True if gradients of parameter `index` are summed up over iterations of a loop, or written in part: they are 0
/// before a pass.
constexpr bool begins_with_zeros(graph_view g, std::span<parameter_entry const> table, int index) {
  for (node const& n : g.nodes) {
    if (n.kind == node_kind::attention_gradient && n.factor != 0.0F && g.at(n.inputs[6]).index == index) return true;
    if (!is_sink(n.kind) || n.index != index) continue;
    if (n.kind == node_kind::gain_gradient) return true;
    if (n.loop < 0 || table[static_cast<std::size_t>(index)].layers > 1) continue;
    int const layers = g.loops[static_cast<std::size_t>(n.loop)].layers;
    if ((n.only < 0 ? layers : g.sets[static_cast<std::size_t>(n.only)].count(layers)) > 1) return true;
  }
  return false;
}

/// Plans the arena by first fit over the spans of time in which values are read (linear scan).
class planner {
 public:
  constexpr planner(graph_view g, batch_bounds bounds, std::span<parameter_place const> parameters,
                    std::span<parameter_entry const> table)
      : g_(g),
        bounds_(bounds),
        parameters_(parameters),
        table_(table),
        buffers_(g.nodes.size()),
        places_(g.nodes.size()) {}

  constexpr void run() {
    find_owners();
    find_spans();
    allocate();
    for (int i = 0; i < g_.size(); ++i) settle(i);
  }

  [[nodiscard]] constexpr std::vector<node_place> const& places() const { return places_; }
  [[nodiscard]] constexpr std::int64_t floats() const { return floats_; }

 private:
  struct buffer {
    int owner = -1;      // the node whose memory this one's values lie in
    int ends = -1;       // of what ends an iteration: the carry_in of that carry
    int first = 0;       // span of time, in nodes
    int last = -1;       // inclusive; −1: nobody owns it
    bool saved = false;  // read after its loop
    std::int64_t offset = 0;
  };

  constexpr buffer& of(int id) { return buffers_[static_cast<std::size_t>(id)]; }
  constexpr loop const& loop_of(int index) const { return g_.loops[static_cast<std::size_t>(index)]; }
  static constexpr bool is_view(node_kind kind) {
    return kind == node_kind::slice || kind == node_kind::reshape || kind == node_kind::stop ||
           kind == node_kind::written;
  }
  constexpr bool in_arena(int id) const {
    node_kind const kind = g_.at(id).kind;
    return !is_sink(kind) && kind != node_kind::ids && kind != node_kind::input && kind != node_kind::parameter;
  }

  constexpr void find_owners() {
    for (int i = 0; i < g_.size(); ++i) {
      node const& n = g_.at(i);
      of(i).owner = is_view(n.kind) ? of(n.inputs[0]).owner : i;
      if (n.kind != node_kind::carry_out) continue;
      of(i).owner = n.inputs[1];
      of(n.inputs[0]).ends = n.inputs[1];
    }
    for (int i = 0; i < g_.size(); ++i)  // views of what ends an iteration, too
      if (int const ends = of(of(i).owner).ends; ends >= 0) of(i).owner = ends;
  }

  constexpr void find_spans() {
    for (int i = 0; i < g_.size(); ++i)
      if (of(i).owner == i && in_arena(i)) {
        node const& n = g_.at(i);
        bool const carry = n.kind == node_kind::carry_in;
        of(i).first = carry ? loop_of(n.loop).begin : i;
        of(i).last = carry ? loop_of(n.loop).end : i;
      }
    for (int user = 0; user < g_.size(); ++user)
      for (int input : g_.at(user).inputs)
        if (input >= 0 && in_arena(of(input).owner)) extend(of(input).owner, user, g_.at(input).kind);
    if (g_.result >= 0 && in_arena(of(g_.result).owner)) of(of(g_.result).owner).last = g_.size();
  }

  // Node `user` reads what `owner` holds.
  constexpr void extend(int owner, int user, node_kind read) {
    buffer& b = of(owner);
    int const defined = g_.at(owner).loop;
    int const used = g_.at(user).loop;
    if (used >= 0 && used != defined) b.last = std::max(b.last, loop_of(used).end);
    b.last = std::max(b.last, user);
    if (defined < 0 || used == defined || read == node_kind::carry_out) return;
    if (g_.at(user).kind == node_kind::carry_out && g_.at(user).inputs[1] == owner) return;
    b.saved = true;
    b.first = std::min(b.first, loop_of(defined).begin);
  }

  constexpr std::int64_t slot(int id) const {
    value_shape const& shape = g_.at(id).shape;
    return std::int64_t{bounds_.rows(shape.rows)} * row_stride(shape.columns());
  }
  constexpr std::int64_t size(int id) {
    node const& n = g_.at(id);
    bool const carry = n.kind == node_kind::carry_in;
    std::int64_t const layers = n.loop < 0 ? 1 : loop_of(n.loop).layers;
    return slot(id) * (of(id).saved ? layers + (carry ? 1 : 0) : carry ? 2 : 1);
  }

  constexpr void allocate() {
    std::vector<int> order;
    for (int i = 0; i < g_.size(); ++i)
      if (of(i).last >= 0) order.push_back(i);
    std::sort(order.begin(), order.end(),
              [this](int a, int b) { return of(a).first != of(b).first ? of(a).first < of(b).first : a < b; });
    std::vector<int> live;
    for (int id : order) {
      std::erase_if(live, [&](int other) { return of(other).last < of(id).first; });
      of(id).offset = first_fit(live, size(id));
      floats_ = std::max(floats_, of(id).offset + size(id));
      live.push_back(id);
    }
  }

  constexpr std::int64_t first_fit(std::vector<int> const& live, std::int64_t floats) {
    std::int64_t at = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (int other : live) {
        std::int64_t const end = of(other).offset + size(other);
        if (at >= end || of(other).offset >= at + floats) continue;
        at = end;
        moved = true;
      }
    }
    return at;
  }

  constexpr void settle(int id) {
    node const& n = g_.at(id);
    node_place& p = places_[static_cast<std::size_t>(id)];
    if (n.kind == node_kind::ids || n.kind == node_kind::input) {
      p = {.memory = n.kind == node_kind::ids ? memory_kind::ids : memory_kind::input, .stride = n.shape.columns()};
    } else if (n.kind == node_kind::parameter || is_sink(n.kind)) {
      p = parameter_of(id);
    } else {
      p = arena_of(id);
      if (is_view(n.kind))
        p.offset = places_[static_cast<std::size_t>(n.inputs[0])].offset + (n.kind == node_kind::slice ? n.index : 0);
      if (n.kind == node_kind::cross_entropy) p.adds = gave_gradient(id, g_.at(n.inputs[1]).index);
    }
  }

  constexpr node_place parameter_of(int id) const {
    node const& n = g_.at(id);
    auto const index = static_cast<std::size_t>(n.index);
    bool const sink = is_sink(n.kind);
    node_place p{.memory = sink ? memory_kind::gradient : memory_kind::parameter,
                 .offset = parameters_[index].offset,
                 .step = table_[index].layers > 1 ? parameters_[index].step : 0,
                 .stride = n.shape.last().extent};
    if (sink) p.adds = begins_with_zeros(g_, table_, n.index) || gave_gradient(id, n.index);
    return p;
  }

  // True if a node before `id` writes the gradient of parameter `index`.
  constexpr bool gave_gradient(int id, int index) const {
    for (int i = 0; i < id; ++i)
      if (gives_gradient(g_.at(i), index)) return true;
    return false;
  }

  // True of nodes that write the gradient of parameter `index`.
  constexpr bool gives_gradient(node const& n, int index) const {
    if (n.kind != node_kind::cross_entropy) return is_sink(n.kind) && n.index == index;
    auto const is_of = [&](int gradient, int input) {
      return (n.index & gradient) != 0 && g_.at(input).index == index;
    };
    return is_of(loss_gradient::weight, n.inputs[1]) || is_of(loss_gradient::bias, n.inputs[2]);
  }

  constexpr node_place arena_of(int id) {
    node const& n = g_.at(id);
    int const owner = of(id).owner;
    node const& held = g_.at(owner);
    bool const carry = held.kind == node_kind::carry_in;
    node_place p{.memory = memory_kind::arena, .offset = of(owner).offset, .stride = row_stride(held.shape.columns())};
    if (of(owner).saved || carry) p.step = slot(owner);
    if (!carry) return p;
    bool const saved = of(owner).saved;
    int const layers = loop_of(held.loop).layers;
    if (n.kind == node_kind::carry_out || (n.loop != held.loop && is_view(n.kind) && is_after(id))) {
      p.offset += slot(owner) * (saved ? layers : layers % 2);
      p.step = 0;
      return p;
    }
    p.in_turn = !saved;
    p.shift = of(id).ends >= 0 || (is_view(n.kind) && is_end(id)) ? 1 : 0;
    return p;
  }

  // A view, perhaps of views, of what a loop gives.
  constexpr bool is_after(int id) const {
    while (is_view(g_.at(id).kind)) id = g_.at(id).inputs[0];
    return g_.at(id).kind == node_kind::carry_out;
  }
  // A view of what ends an iteration.
  constexpr bool is_end(int id) {
    while (is_view(g_.at(id).kind)) id = g_.at(id).inputs[0];
    return of(id).ends >= 0;
  }

  graph_view g_;
  batch_bounds bounds_;
  std::span<parameter_place const> parameters_;
  std::span<parameter_entry const> table_;
  std::vector<buffer> buffers_;
  std::vector<node_place> places_;
  std::int64_t floats_ = 0;
};

}  // namespace detail

/// Where every node of `Graph`, a constant, lies for batches within `bounds`.
template <auto const& Graph, class Model>
[[nodiscard]] constexpr auto plan_memory(batch_bounds bounds) {
  constexpr auto layout = layout_parameters<Model, Graph.learns.trains>();
  detail::planner p(Graph, bounds, layout.places, parameter_table<Model>);
  p.run();
  memory_plan<Graph.nodes.size()> out;
  for (std::size_t i = 0; i < out.places.size(); ++i) out.places[i] = p.places()[i];
  out.floats = p.floats();
  return out;
}

/// By parameter of the model: whether a pass begins with a gradient of 0 and adds to it.
template <auto const& Graph, class Model>
[[nodiscard]] constexpr auto zeroed_gradients() {
  std::array<bool, parameter_table<Model>.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = detail::begins_with_zeros(Graph, parameter_table<Model>, static_cast<int>(i));
  return out;
}

}  // namespace constformer
