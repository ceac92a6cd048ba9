#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/graph/columns.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/passes/count_flops.hpp"
#include "constformer/passes/decoder_rules.hpp"
#include "constformer/passes/plan_cache.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

/// What a traced model costs, as an object file tells it: plain bytes.
struct traced_costs {
  static constexpr char mark[17] = "constformer cost";  ///< what it begins with
  char magic[16]{};                                     ///< `mark`
  std::int64_t layers = 0;                              ///< of all loops
  std::int64_t columns = 0;                             ///< of what it gives: logits of a decoder
  std::int64_t positions = 0;                           ///< that it knows; 0: any
  std::int64_t tokens = 0;        ///< of the sequence, and of its source if it has one, that are counted here
  std::int64_t flops = 0;         ///< of one pass over them
  std::int64_t cache_floats = 0;  ///< that a session keeps of each token
  char refusal[192]{};            ///< why it has no session; empty: it is a decoder
};

namespace detail {

template <class Model>
inline constexpr auto costed = freeze<trace<Model>>();

}  // namespace detail

/// Of `Model`, over as many tokens as it has positions for, at most `Most`.
template <class Model, int Most = 1024>
[[nodiscard]] consteval traced_costs costs_of() {
  constexpr auto const& g = detail::costed<Model>;
  traced_costs out;
  for (std::size_t i = 0; i < sizeof out.magic; ++i) out.magic[i] = traced_costs::mark[i];
  for (loop const& l : g.loops) out.layers += l.layers;
  out.columns = g.nodes[static_cast<std::size_t>(g.result)].shape.columns();
  int const tokens = known_positions(g, Most);
  out.positions = known_positions(g, 1 << 30) < (1 << 30) ? known_positions(g, 1 << 30) : 0;
  out.tokens = tokens;
  out.flops =
      count_flops(g, {.tokens = tokens, .sequences = 1, .sources = reads_source(g) ? tokens : 0, .length = tokens});
  message const refusal = decoder_misfit(g);
  std::string_view const text = refusal.view();
  for (std::size_t i = 0; i < text.size() && i + 1 < sizeof out.refusal; ++i) out.refusal[i] = text[i];
  if (refusal.empty()) out.cache_floats = plan_cache<detail::costed<Model>>().floats;
  return out;
}

}  // namespace constformer
