// What a unit of a model of one's own exports.
#if defined(CONSTFORMER_GENERATE_TRACED_UNIT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_TRACED_UNIT_INL_HPP
#undef CONSTFORMER_GENERATE_TRACED_UNIT_INL_HPP
#else
#define CONSTFORMER_GENERATE_TRACED_UNIT_INL_HPP
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "hwy/highway.h"

#include "constformer/checkpoint/traced_fingerprint.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/generate/session.hpp"
#include "constformer/generate/traced_session-inl.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/passes/decoder_rules.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The capacity of a program of `Model`: `Asked`, or if that is 0 what the model has positions for, at most `Usual`.
template <class Model, int Asked, int Usual>
inline constexpr int traced_capacity = Asked > 0 ? Asked : known_positions(trace<Model>(), Usual);

/// As far as a config describes a model of one's own.
template <class Session>
[[nodiscard]] constexpr config described_by(int capacity) {
  constexpr auto const& graph = Session::program::graph;
  config c;
  for (loop const& l : graph.loops) {
    bool const encodes = graph.nodes[static_cast<std::size_t>(l.end - 1)].shape.rows == row_kind::source;
    (encodes ? c.encoder.layers : c.layers) += l.layers;
  }
  if (reads_source(graph)) {
    c.encoder.layers = c.encoder.layers > 0 ? c.encoder.layers : 1;  // which tells that there is one
    int const tokens = known_source_tokens(graph);
    c.encoder.vocab = tokens == Session::vocab || tokens == (1 << 30) ? 0 : tokens;
  }
  c.d_model = Session::width;
  c.vocab = Session::vocab;
  c.capacity = capacity;
  c.positions = known_positions(graph, capacity);
  c.mask = sees_prefix(graph) ? mask_kind::prefix : mask_kind::causal;
  return c;
}

/// A new session of a traced decoder over the weights section of its packed file: parameters as `layout_parameters` has
/// them.
template <class Model, int Capacity>
std::unique_ptr<session> start_traced_session(std::byte const* weights, session_options const& options) {
  return std::make_unique<traced_session<Model, Capacity>>(reinterpret_cast<float const*>(weights), options);
}

/// What a model unit exports for `Model`.
template <class Model, int Capacity>
model_unit make_traced_unit(std::string_view name) {
  using session_type = traced_session<Model, Capacity>;
  static constexpr config described = described_by<session_type>(Capacity);
  constexpr std::uint64_t fingerprint = traced_fingerprint<Model>();
  constexpr std::size_t cache = session_type::cache_bytes(Capacity);
  return {.name = name,
          .configuration = &described,
          .fingerprint = fingerprint,
          .weight_bytes = session_type::program::parameters.floats * std::int64_t{sizeof(float)},
          .parameters = count_parameters<Model>(),
          .cache_bytes = static_cast<std::int64_t>(cache),
          .workspace_bytes = static_cast<std::int64_t>(session_type::bytes(1, Capacity) - cache),
          .target = hwy::TargetName(HWY_TARGET),
          .start = &start_traced_session<Model, Capacity>,
          .traced = true};
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
