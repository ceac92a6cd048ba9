#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "constformer/graph/graph.hpp"
#include "constformer/passes/count_flops.hpp"
#include "constformer/passes/differentiate.hpp"
#include "models.hpp"

using namespace constformer;
using namespace traced_models;

namespace {

template <class Model>
constexpr std::size_t nodes_of = freeze<[] { return differentiate(trace_loss<Model>()); }>().nodes.size();

// Layers are a loop: what is traced does not grow with them.
static_assert(nodes_of<language_model<2, false>> == nodes_of<language_model<48, false>>);

int count(graph const& g, node_kind kind) {
  int n = 0;
  for (node const& each : g.nodes) n += each.kind == kind ? 1 : 0;
  return n;
}

std::string text(message const& m) { return std::string(m.view()); }

// A model whose mistakes are values, so that what they say can be read at run time.
struct mistakes {
  graph g;
  value tokens(axis a) {
    return detail::emit(g, node_kind::input, value_shape{row_kind::token}.with_axes(a), {}, call::current());
  }
};

}  // namespace

TEST_CASE("a trace at run time is the one that the compiler makes") {
  static constexpr auto compiled = freeze<trace_loss<language_model<3, true>>>();
  graph const traced = trace_loss<language_model<3, true>>();
  REQUIRE(traced.misfit.empty());
  REQUIRE(traced.nodes.size() == compiled.nodes.size());
  for (std::size_t i = 0; i < traced.nodes.size(); ++i) {
    CHECK(traced.nodes[i].kind == compiled.nodes[i].kind);
    CHECK(traced.nodes[i].inputs == compiled.nodes[i].inputs);
    CHECK(traced.nodes[i].shape == compiled.nodes[i].shape);
  }
}

TEST_CASE("every linear layer has one product for its input and one for its weight") {
  graph const forward = trace_loss<language_model<3, false>>();
  graph const both = differentiate(forward);
  CHECK(count(both, node_kind::linear) == 9);
  CHECK(count(both, node_kind::linear_gradient) == 9);
  CHECK(count(both, node_kind::weight_gradient) == 9);
  CHECK(count(both, node_kind::attention_gradient) == 1);
  CHECK(both.loops.size() == 2);
  CHECK(both.loops[1].reverses == 0);
}

TEST_CASE("the products of a pass are counted as written down by hand") {
  using model = language_model<5, false, 3>;
  graph const forward = trace_loss<model>();
  batch_bounds const batch{.tokens = 2 * 8, .sequences = 2};
  int const matrices = 2 * heads * head_dim * width + 2 * kv_heads * head_dim * width + 2 * 8 * width + 3 * 40 * width;
  int const pairs = 2 * (1 + 2 + 3 * 6);
  int const head = 16 * vocab * width;
  CHECK(count_flops(forward, batch) == 2 * (5 * (16 * matrices + 2 * pairs * heads * head_dim) + head));
  CHECK(count_flops(differentiate(forward), batch) ==
        2 * (5 * (3 * 16 * matrices + 7 * pairs * heads * head_dim) + 3 * head));
}

TEST_CASE("what does not fit is one sentence with both shapes and the line of the call") {
  mistakes m;
  value const a = m.tokens({axes::channels, 8});
  value const b = m.tokens({axes::channels, 9});
  std::string const here = " (trace.cpp:" + std::to_string(__LINE__ + 1) + ")";
  (void)(a + b);
  CHECK(text(m.g.misfit) == "add: (tokens, channels=8) and (tokens, channels=9)" + here);

  mistakes other;
  value const q = split_heads(other.tokens({axes::channels, 12}), 2, 6);
  value const k = split_heads(other.tokens({axes::channels, 12}), 3, 4, axes::kv_heads);
  std::string const there = " (trace.cpp:" + std::to_string(__LINE__ + 1) + ")";
  (void)attend(q, k, k);
  CHECK(text(other.g.misfit) ==
        "attend: query is (tokens, heads=2, head_dim=6) and key (tokens, kv_heads=3, head_dim=4)" + there);
}
