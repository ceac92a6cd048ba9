// The memory plan against a run on paper: nothing that is still to be read is written over.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/execute/program.hpp"
#include "constformer/graph/loops.hpp"
#include "models.hpp"

using namespace constformer;
using namespace traced_models;

namespace {

// Writes the version of a value (node, layer, iteration) into every float that it takes, and looks whether readers find
// what they were meant to.
template <class Program>
class paper_run {
 public:
  void run() {
    int const count = static_cast<int>(Program::graph.nodes.size());
    for (int i = 0; i < count;) {
      int const within = node_at(i).loop;
      if (within < 0) {
        visit(i++, 0, 0);
        continue;
      }
      loop const& body = Program::graph.loops[static_cast<std::size_t>(within)];
      for (int n = body.begin; n < body.end; ++n)
        if (node_at(n).kind == node_kind::carry_in) write(n, read(node_at(n).inputs[0], 0, 0), 0, 0);
      for (int k = 0; k < body.layers; ++k)
        for (int n = body.begin; n < body.end; ++n) visit(n, body.reverses >= 0 ? body.layers - 1 - k : k, k);
      i = body.end;
    }
  }
  int checked = 0;

 private:
  static node const& node_at(int id) { return Program::graph.nodes[static_cast<std::size_t>(id)]; }
  static bool moves(node_kind kind) {
    return kind != node_kind::slice && kind != node_kind::reshape && kind != node_kind::stop &&
           kind != node_kind::written && kind != node_kind::carry_in && kind != node_kind::carry_out;
  }
  static std::int64_t base(int id, int layer, int iteration) {
    node_place const& p = Program::memory.places[static_cast<std::size_t>(id)];
    std::int64_t const slot = p.in_turn ? (iteration + p.shift) % 2 : layer + p.shift;
    return p.offset + (p.step == 0 ? 0 : slot * p.step);
  }
  template <class Visit>
  static void each_float(int id, int layer, int iteration, Visit const& visit) {
    value_shape const& shape = node_at(id).shape;
    int const rows = Program::bounds.rows(shape.rows);
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < shape.columns(); ++c)
        visit(base(id, layer, iteration) +
              std::int64_t{r} * Program::memory.places[static_cast<std::size_t>(id)].stride + c);
  }
  static bool in_arena(int id) {
    return Program::memory.places[static_cast<std::size_t>(id)].memory == memory_kind::arena;
  }

  // What node `id` should hold, by where its floats were written last.
  std::int64_t read(int id, int layer, int iteration) {
    std::int64_t const stamp = memory_[base(id, layer, iteration)];
    each_float(id, layer, iteration, [&](std::int64_t at) {
      if (memory_[at] != stamp) ++torn_;
    });
    CHECK(torn_ == 0);
    ++checked;
    return stamp;
  }
  void write(int id, std::int64_t stamp, int layer, int iteration) {
    each_float(id, layer, iteration, [&](std::int64_t at) {
      REQUIRE((at >= 0 && at < Program::memory.floats));
      memory_[at] = stamp;
    });
  }

  void visit(int id, int layer, int iteration) {
    node const& n = node_at(id);
    if (!moves(n.kind)) return;
    for (int input : n.inputs) {
      if (input < 0 || !in_arena(input)) continue;
      int source = input;
      while (node_at(source).kind == node_kind::slice || node_at(source).kind == node_kind::reshape ||
             node_at(source).kind == node_kind::stop || node_at(source).kind == node_kind::written)
        source = node_at(source).inputs[0];
      std::int64_t const found = read(input, layer, iteration);
      if (node_at(source).kind == node_kind::carry_in || node_at(source).kind == node_kind::carry_out) continue;
      bool const by_layer = node_at(source).loop >= 0;
      INFO("node " << id << " reads node " << input << " of layer " << layer);
      CHECK(found == stamp_of(source, by_layer ? layer : 0));
    }
    if (in_arena(id)) write(id, stamp_of(id, n.loop >= 0 ? layer : 0), layer, iteration);
  }
  static std::int64_t stamp_of(int id, int layer) { return std::int64_t{id} * 1000 + layer + 1; }

  std::map<std::int64_t, std::int64_t> memory_;
  int torn_ = 0;
};

template <class Model>
void check_plan() {
  using program = training_program<Model, batch_bounds{.tokens = 6, .sequences = 2}>;
  paper_run<program> run;
  run.run();
  CHECK(run.checked > 50);
}

}  // namespace

TEST_CASE("readers find what they are meant to, in one layer and in many") {
  check_plan<language_model<1, false>>();
  check_plan<language_model<2, true>>();
  check_plan<language_model<5, false, 3>>();
}

TEST_CASE("memory for more layers is that of what the backward pass reads") {
  using four = training_program<language_model<4, false>, batch_bounds{.tokens = 64, .sequences = 2}>;
  using eight = training_program<language_model<8, false>, batch_bounds{.tokens = 64, .sequences = 2}>;
  using sixteen = training_program<language_model<16, false>, batch_bounds{.tokens = 64, .sequences = 2}>;
  auto const more = sixteen::memory.floats - eight::memory.floats;
  auto const half = eight::memory.floats - four::memory.floats;
  CHECK(50 * std::abs(more - 2 * half) < more);  // first fit leaves holes, which differ
}
