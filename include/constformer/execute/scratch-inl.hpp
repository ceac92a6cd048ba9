// Memory that nodes of a program want while they run, beside what the plan gives them.
#if defined(CONSTFORMER_EXECUTE_SCRATCH_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_SCRATCH_INL_HPP
#undef CONSTFORMER_EXECUTE_SCRATCH_INL_HPP
#else
#define CONSTFORMER_EXECUTE_SCRATCH_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/graph/node.hpp"
#include "constformer/kernels/cross_entropy-inl.hpp"
#include "constformer/kernels/experts-inl.hpp"
#include "constformer/kernels/flash_attention-inl.hpp"
#include "constformer/kernels/product-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Floats that one node of a program wants of all workers together, and of each.
template <class Program>
struct scratch_of {
  /// Those that a node of a mixture wants.
  static constexpr std::size_t experts(node const& n) {
    auto const shape = [&](std::size_t i) { return Program::graph.nodes[static_cast<std::size_t>(n.inputs[i])].shape; };
    bool const weights = n.kind == node_kind::expert_weight_gradient;
    value_shape const in = shape(weights ? 1 : 0), out = weights ? shape(0) : n.shape, places = shape(2);
    int const slots = Program::bounds.rows(places.rows) * places.columns();
    int const matrix = (weights ? n.shape : shape(1)).axes[0].extent;
    return expert_scratch(slots, matrix, in.last().extent, out.last().extent);
  }
  /// Of all workers together.
  static constexpr std::size_t shared = [] {
    std::size_t most = 0;
    for (node const& n : Program::graph.nodes) {
      if (n.kind == node_kind::weight_gradient) {
        auto const rows = static_cast<std::size_t>(n.shape.axes[0].extent);
        int const columns = transposed_stride(HWY_MAX(Program::bounds.tokens, Program::bounds.sources));
        most = HWY_MAX(most, rows * static_cast<std::size_t>(columns));
      }
      if (n.kind == node_kind::cross_entropy)
        most = HWY_MAX(most,
                       loss_scratch(Program::graph.nodes[static_cast<std::size_t>(n.inputs[1])].shape.axes[0].extent));
      if (n.kind == node_kind::expert_linear || n.kind == node_kind::expert_gradient ||
          n.kind == node_kind::expert_weight_gradient)
        most = HWY_MAX(most, experts(n));
      if (n.kind == node_kind::gain_gradient || n.kind == node_kind::gain_total)
        most = HWY_MAX(most, static_cast<std::size_t>(HWY_MAX(Program::bounds.tokens, Program::bounds.sources)));
      if (n.kind == node_kind::attention_gradient && n.inputs[6] >= 0)
        most = HWY_MAX(most, static_cast<std::size_t>(
                                 Program::bounds.sequences * n.shape.axes[0].extent *
                                 Program::graph.attentions[static_cast<std::size_t>(n.index)].relative.buckets));
    }
    return most;
  }();
  /// Of each.
  static constexpr std::size_t own = [] {
    std::size_t most = product_scratch;
    for (node const& n : Program::graph.nodes)
      if (n.kind == node_kind::attention)
        most = HWY_MAX(
            most, attention_scratch(Program::graph.nodes[static_cast<std::size_t>(n.inputs[1])].shape.last().extent,
                                    Program::graph.nodes[static_cast<std::size_t>(n.inputs[2])].shape.last().extent,
                                    Program::bounds.longest(), n.inputs[3] >= 0));
    return most;
  }();
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
