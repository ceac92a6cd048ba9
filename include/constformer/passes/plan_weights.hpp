#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/passes/lower/phase.hpp"

namespace constformer {

/// How a parameter lies in a section of packed weights.
enum class weight_form : std::uint8_t { vector, rows, panels };

/// Where a parameter lies in a section of packed weights, by itself or as a part of a larger matrix or vector.
struct weight_place {
  weight_form form = weight_form::vector;  ///< how
  dtype type = dtype::f32;                 ///< of its values
  std::int64_t offset = -1;                ///< bytes; of the first layer's matrix or vector. −1: nothing reads it
  std::int64_t stride = 0;                 ///< bytes from one layer's to the next
  int matrix_rows = 0;                     ///< of the matrix that it is, or is a part of
  int first_row = 0;                       ///< row r lies at first_row + (r/16)·panel_step·16 + r%16
  int panel_step = 1;                      ///< panels from one of its panels to the next
  int rotary_dims = 0;                     ///< leading rows of each head whose halves are woven into pairs; 0: none
  int rotary_planes = 1;                   ///< parts of these, each woven by itself
};

/// A section of packed weights.
template <std::size_t N>
struct weight_plan {
  std::array<weight_place, N> places{};  ///< by parameter
  std::int64_t bytes = 0;                ///< of the section
};

namespace detail {

/// Lays weights in the order in which a graph reads them: table or norm, matrix, bias. Those of a loop lie layer by
/// layer.
class weight_planner {
 public:
  constexpr weight_planner(graph_view g, std::span<phase const> phases, std::span<parameter_entry const> table,
                           dtype weights)
      : g_(g), phases_(phases.begin(), phases.end()), table_(table), weights_(weights), places_(table.size()) {
    // As the graph has them: phases that wait for others lie where they stood.
    for (std::size_t i = 1; i < phases_.size(); ++i)
      for (std::size_t j = i; j > 0 && phases_[j].out < phases_[j - 1].out; --j) std::swap(phases_[j], phases_[j - 1]);
  }

  constexpr void run() {
    for (std::size_t begin = 0, end = 0; begin < phases_.size(); begin = end) {
      int const loop = phases_[begin].loop;
      std::int64_t const start = bytes_;
      while (end < phases_.size() && phases_[end].loop == loop) visit(phases_[end++]);
      if (loop < 0) continue;
      std::int64_t const stride = bytes_ - start;
      for (weight_place& p : places_)
        if (p.offset >= start) p.stride = stride;
      bytes_ = start + stride * g_.loops[static_cast<std::size_t>(loop)].layers;
    }
  }

  [[nodiscard]] constexpr weight_place const& place(std::size_t i) const { return places_[i]; }
  [[nodiscard]] constexpr std::int64_t bytes() const { return bytes_; }

 private:
  // The parameter that input i of a node is; −1: none.
  [[nodiscard]] constexpr int parameter(int id, std::size_t i) const {
    if (id < 0 || g_.at(id).inputs[i] < 0) return -1;
    node const& n = g_.at(g_.at(id).inputs[i]);
    return n.kind == node_kind::parameter ? n.index : -1;
  }
  [[nodiscard]] constexpr parameter_entry const& entry(int index) const {
    return table_[static_cast<std::size_t>(index)];
  }

  constexpr std::int64_t take(std::int64_t bytes) {
    std::int64_t const start = bytes_;
    bytes_ = round_up(bytes_ + bytes, packed_alignment);
    return start;
  }
  constexpr void put(int index, weight_place place) {
    if (index >= 0 && places_[static_cast<std::size_t>(index)].offset < 0)
      places_[static_cast<std::size_t>(index)] = place;
  }
  constexpr void vector(int index, int rotary_dims = 0, int planes = 1) {
    if (index < 0) return;
    put(index, {.offset = take(bytes_of(dtype::f32, padded(entry(index).rows))),
                .rotary_dims = rotary_dims,
                .rotary_planes = planes});
  }
  constexpr void norm(int id) {
    vector(parameter(id, 1));
    if (id >= 0 && g_.at(id).kind != node_kind::rms_norm) vector(parameter(id, 2));
  }

  // A table; one that a product reads as well lies where that reads it. Tokens have the type of matrices.
  constexpr void table(int id) {
    int const index = parameter(id, 0);
    for (node const& n : g_.nodes)
      if (n.kind == node_kind::linear && g_.at(n.inputs[1]).kind == node_kind::parameter &&
          g_.at(n.inputs[1]).index == index)
        return;
    bool const tokens = g_.at(g_.at(id).inputs[1]).index == static_cast<int>(id_column::tokens);
    dtype const type = tokens ? weights_ : dtype::f32;
    std::int64_t const bytes = entry(index).rows * row_bytes(type, entry(index).cols);
    put(index, {.form = weight_form::rows, .type = type, .offset = take(bytes), .matrix_rows = entry(index).rows});
  }
  constexpr void step(int id) {
    node const& n = g_.at(id);
    if (n.kind == node_kind::gather) return table(id);
    if (n.kind == node_kind::add)
      for (std::size_t i = 0; i < 2; ++i)
        if (node const& in = g_.at(n.inputs[i]);
            in.kind == node_kind::gather && places_[static_cast<std::size_t>(parameter(n.inputs[i], 0))].offset < 0)
          table(n.inputs[i]);
    norm(id);
  }

  // Parts of one matrix, and then of one vector.
  constexpr void product(phase const& p) {
    norm(p.norm);
    int const parts =
        static_cast<int>(std::count_if(p.matrices.begin(), p.matrices.end(), [](int m) { return m >= 0; }));
    auto const rows_of = [&](int k) { return entry(parameter(p.matrices[static_cast<std::size_t>(k)], 1)).rows; };
    int rows = 0;
    for (int k = 0; k < parts; ++k) rows += p.in_turn ? padded(rows_of(k)) : rows_of(k);
    int const depth = entry(parameter(p.matrices[0], 1)).cols;
    std::int64_t const matrix = take(panel_bytes(weights_, rows, depth));
    std::int64_t const bias = parameter(p.matrices[0], 2) < 0 ? 0 : take(bytes_of(dtype::f32, padded(rows)));
    for (int k = 0, first = 0; k < parts; ++k) {
      int const id = p.matrices[static_cast<std::size_t>(k)];
      rope_config const rotated = rotation_of(id);
      weight_place place{.offset = bias,
                         .matrix_rows = rows,
                         .first_row = p.in_turn ? k * panel_rows : first,
                         .panel_step = p.in_turn ? parts : 1,
                         .rotary_dims = rotated.style == rope_style::half_split ? rotated.rotary_dims : 0,
                         .rotary_planes = rotated.planes};
      put(parameter(id, 2), place);
      place.form = weight_form::panels;
      place.type = weights_;
      place.offset = matrix;
      put(parameter(id, 1), place);
      first += rows_of(k);
    }
  }
  // The rotation of heads that a linear layer gives.
  [[nodiscard]] constexpr rope_config rotation_of(int linear) const {
    for (int id = linear + 1; id < g_.size(); ++id) {
      node const& n = g_.at(id);
      if (n.kind != node_kind::rope) continue;
      for (int from = n.inputs[0]; from >= linear; from = g_.at(from).inputs[0])
        if (from == linear)
          return g_.rotations[static_cast<std::size_t>(n.index)];
        else if (g_.at(from).kind != node_kind::reshape && g_.at(from).kind != node_kind::rms_norm)
          break;
    }
    return {};
  }
  constexpr void heads(heads_plan const& h) {
    rope_config const r = h.rotation < 0 ? rope_config{} : g_.rotations[static_cast<std::size_t>(h.rotation)];
    int const dims = r.style == rope_style::half_split ? r.rotary_dims : 0;
    vector(parameter(h.query_norm, 1), dims, r.planes);
    vector(parameter(h.key_norm, 1), dims, r.planes);
  }
  constexpr void visit(phase const& p) {
    for (int id : p.steps)
      if (id >= 0) step(id);
    if (p.kind == phase_kind::product) product(p);
    if (p.kind == phase_kind::attend) heads(p.heads);
  }

  graph_view g_;
  std::vector<phase> phases_;
  std::span<parameter_entry const> table_;
  dtype weights_;
  std::vector<weight_place> places_;
  std::int64_t bytes_ = 0;
};

}  // namespace detail

/// Where the parameters of `Model` lie for the phases `Lowered` of `Graph`: matrices and the table of tokens have type
/// `weights`, all else is f32.
template <auto const& Graph, auto const& Lowered, class Model>
[[nodiscard]] consteval auto plan_weights(dtype weights) {
  constexpr auto const& table = parameter_table<Model>;
  detail::weight_planner planner(Graph, Lowered.phases, table, weights);
  planner.run();
  weight_plan<table.size()> out;
  for (std::size_t i = 0; i < table.size(); ++i) out.places[i] = planner.place(i);
  out.bytes = planner.bytes();
  return out;
}

}  // namespace constformer
