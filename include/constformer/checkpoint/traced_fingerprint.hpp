#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

#include "constformer/checkpoint/fingerprint.hpp"
#include "constformer/checkpoint/function_fingerprint.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/graph/attend_options.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/layer_values.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/graph/shape.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/trace.hpp"

namespace constformer {

namespace detail {

constexpr void add_text(word_hash& hash, std::string_view text) {
  hash.add(static_cast<std::int64_t>(text.size()));
  for (char c : text) hash.add(std::int64_t{c});
}

constexpr void add_set(word_hash& hash, layer_set const& set) {
  for (std::uint64_t word : set.words) hash.add(static_cast<std::int64_t>(word));
}

constexpr void add_words(word_hash& hash, std::initializer_list<int> words) {
  for (int word : words) hash.add(std::int64_t{word});
}

// All but the place of the call.
constexpr void add_node(word_hash& hash, node const& n) {
  add_words(hash, {static_cast<int>(n.kind), static_cast<int>(n.shape.rows), n.shape.rank, n.index, n.loop, n.only});
  for (int input : n.inputs) hash.add(std::int64_t{input});
  for (axis const& a : n.shape.axes) {
    add_text(hash, a.name.view());
    hash.add(std::int64_t{a.extent});
  }
  hash.add(n.factor);
}

constexpr void add_attention(word_hash& hash, attend_options const& o) {
  add_words(hash, {o.window, static_cast<int>(o.mask), o.scale_by_layer ? 1 : 0, o.relative.buckets,
                   o.relative.max_distance});
  add_set(hash, o.unwindowed);
  hash.add(o.scale);
  hash.add(o.softcap);
}

constexpr void add_rotation(word_hash& hash, rope_config const& r) {
  add_words(hash, {static_cast<int>(r.style), r.rotary_dims, r.planes, r.f16_frequencies ? 1 : 0,
                   static_cast<int>(r.scaling), r.original_positions, r.truncate ? 1 : 0, r.backwards ? 1 : 0});
  for (float word :
       {r.theta, r.factor, r.low_freq_factor, r.high_freq_factor, r.beta_fast, r.beta_slow, r.attention_factor})
    hash.add(word);
  for (float word : r.short_factors.values) hash.add(word);
  for (float word : r.long_factors.values) hash.add(word);
}

}  // namespace detail

/// The same of a traced model: of its parameters, in order, and of all that its pass computes, wherever its code
/// stands, but for the functions of `pointwise` nodes; `tables` are what its constants name.
[[nodiscard]] constexpr std::uint64_t fingerprint_of(std::span<parameter_entry const> table, graph_view g,
                                                     std::span<layer_values const> tables) {
  detail::word_hash hash;
  for (parameter_entry const& p : table) {
    detail::add_text(hash, p.name.view());
    detail::add_words(hash, {static_cast<int>(p.role), p.rows, p.cols, p.layers});
  }
  for (node const& n : g.nodes) detail::add_node(hash, n);
  for (loop const& l : g.loops) detail::add_words(hash, {l.layers, l.begin, l.end, l.reverses});
  for (attend_options const& o : g.attentions) detail::add_attention(hash, o);
  for (rope_config const& r : g.rotations) detail::add_rotation(hash, r);
  for (layer_set const& set : g.sets) detail::add_set(hash, set);
  for (layer_values const& layers : tables)
    for (float value : layers.values) hash.add(value);
  hash.add(std::int64_t{g.result});
  return hash.state;
}

namespace detail {

template <auto const& Graph, std::size_t Id>
constexpr void add_function_of(word_hash& hash) {
  if constexpr (Graph.nodes[Id].kind == node_kind::pointwise) add_function<Graph, Id>(hash);
}

template <class Model>
inline constexpr auto fingerprinted = freeze<trace<Model>>();

}  // namespace detail

/// Of `Model`, functions of `pointwise` nodes included as far as the compiler can tell them apart (`add_function`).
/// Their derivatives change nothing that a program computes.
template <class Model>
[[nodiscard]] consteval std::uint64_t traced_fingerprint() {
  constexpr auto const& g = detail::fingerprinted<Model>;
  detail::word_hash hash{fingerprint_of(parameter_table<Model>, g, g.tables)};
  [&]<std::size_t... Id>(std::index_sequence<Id...>) {
    (detail::add_function_of<detail::fingerprinted<Model>, Id>(hash), ...);
  }(std::make_index_sequence<g.nodes.size()>());
  return hash.state;
}

}  // namespace constformer
