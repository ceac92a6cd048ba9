// Graphs lowered to phases: what comes out of each rewrite, on small models.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/weights_check.hpp"
#include "constformer/config/families.hpp"
#include "constformer/execute/lowered_program.hpp"
#include "constformer/layers/transformer.hpp"
#include "constformer/passes/lower.hpp"
#include "models.hpp"

using namespace constformer;
using namespace traced_models;

namespace {

constexpr shape small{
    .layers = 2, .d_model = 48, .heads = 6, .kv_heads = 2, .head_dim = 8, .d_ff = 80, .vocab = 61, .positions = 100};
constexpr config llama_config = llama(small);
constexpr config tied_config = with(llama_config, [](config& c) {
  c.tied = true;
  c.logit_scale = 0.5F;
});
constexpr config gpt2_config = gpt2({.layers = 2, .d_model = 48, .heads = 6, .vocab = 61, .positions = 100});
constexpr config neox_config = gpt_neox({.layers = 2, .d_model = 48, .heads = 6, .vocab = 61, .positions = 100});
constexpr config gemma2_config = gemma2(small, 10);
constexpr config qwen3_config = with(qwen3(small), [](config& c) { c.weights = dtype::bf16; });
constexpr config glm_config = chatglm_6b({.layers = 2, .d_model = 48, .heads = 6, .vocab = 61, .positions = 100},
                                         {.end = 58, .blank = 59, .other_blank = 60});

template <config const& Config>
using program_of = lowered_program<model_parameters<Config>, build_choice_of(Config)>;

// `rows`, `product`, `attend`, before which workers meet where there is a bar.
template <class Program>
std::string kinds() {
  std::string out;
  for (phase const& p : Program::lowered.phases) {
    if (p.meets) out += "| ";
    out += p.kind == phase_kind::rows ? "rows " : p.kind == phase_kind::product ? "product " : "attend ";
  }
  return out;
}

// The value that a phase gives is written by version; every reader must find the version that it is meant to.
template <class Program>
class paper_run {
 public:
  void run() {
    for (int i = 0; i < Program::phases;) {
      int const loop = Program::phase_at(i).loop;
      if (loop < 0) {
        visit(Program::phase_at(i++), 0);
        continue;
      }
      int last = i;
      while (last < Program::phases && Program::phase_at(last).loop == loop) ++last;
      for (int k = 0; k < Program::graph.loops[static_cast<std::size_t>(loop)].layers; ++k)
        for (int j = i; j < last; ++j) visit(Program::phase_at(j), k);
      i = last;
    }
  }
  int reads = 0;

 private:
  // The node that wrote a value last, seen from iteration k.
  static std::pair<int, int> written(int id, int k) {
    node const& n = Program::at(id);
    switch (n.kind) {
      case node_kind::reshape:
      case node_kind::slice:
      case node_kind::wanted_rows: return written(n.inputs[0], k);
      case node_kind::carry_in: return k == 0 ? written(n.inputs[0], 0) : written(end_of(id), k - 1);
      case node_kind::carry_out: return written(n.inputs[0], Program::graph.loops[0].layers - 1);
      default: return {id, n.loop < 0 ? 0 : k};
    }
  }
  static int end_of(int carry_in) {
    for (node const& n : Program::graph.nodes)
      if (n.kind == node_kind::carry_out && n.inputs[1] == carry_in) return n.inputs[0];
    return -1;
  }
  void read(int id, int k) {
    if (id < 0) return;
    activation_place const place = Program::lowered.places[static_cast<std::size_t>(id)];
    if (place.before < 0) return;
    ++reads;
    for (int c = place.before; c < place.before + place.stride; ++c) CHECK(memory_[c] == written(id, k));
  }
  void visit(phase const& p, int k) {
    read(p.input, k);
    read(p.finish.addend, k);
    activation_place const place = Program::lowered.places[static_cast<std::size_t>(p.out)];
    for (int c = place.before; c < place.before + place.stride; ++c) {
      REQUIRE(c < Program::lowered.columns);
      memory_[c] = {p.out, p.loop < 0 ? 0 : k};
    }
  }

  std::map<int, std::pair<int, int>> memory_;
};

}  // namespace

TEST_CASE("a Llama block is five phases, each behind a barrier") {
  using program = program_of<llama_config>;
  CHECK(kinds<program>() == "rows | product | attend | product | product | product | product ");
  auto const& phases = program::lowered.phases;
  CHECK(phases[1].norm >= 0);  // query, key and value are one matrix behind the norm
  CHECK(phases[1].matrices[2] >= 0);
  CHECK(!phases[1].in_turn);
  CHECK(phases[2].heads.rotation >= 0);
  CHECK(phases[3].finish.kind == finish_kind::add);  // attention's output goes to the stream
  CHECK(phases[3].finish.addend == phases[1].input);
  CHECK(phases[4].finish.kind == finish_kind::gate);
  CHECK(phases[4].in_turn);
  CHECK(static_cast<activation_kind>(phases[4].finish.activation) == activation_kind::silu);
  CHECK(phases[5].finish.addend == phases[3].out);
  for (std::size_t i : {0, 3, 5})  // the stream stays in one place
    CHECK(program::lowered.places[static_cast<std::size_t>(phases[i].out)] == activation_place{0, 48});
  CHECK(program::head == 6);  // logits of wanted rows
  CHECK(phases[6].norm >= 0);
}

TEST_CASE("values that are read no more make room") {
  // Stream (48), then query, key and value (80) and what attends (48), or the feed-forward layer's inner values (80).
  CHECK(program_of<llama_config>::lowered.columns == 48 + 80 + 48);
}

TEST_CASE("a factor of what a head takes is one of its sums") {
  auto const& last = program_of<tied_config>::lowered.phases[6];
  CHECK(last.finish.scale == 0.5F);
  CHECK(last.norm >= 0);
}

TEST_CASE("learned positions are looked up on the way, activations end a product") {
  using program = program_of<gpt2_config>;
  CHECK(kinds<program>() == "rows | product | attend | product | product | product | product ");
  CHECK(program::lowered.phases[0].steps[1] >= 0);
  CHECK(program::lowered.phases[4].finish.kind == finish_kind::activate);
}

TEST_CASE("halves that both read the stream come before either adds to it, and share no barrier") {
  using program = program_of<neox_config>;
  CHECK(kinds<program>() == "rows | product | attend product | product product | product ");
  auto const& phases = program::lowered.phases;
  CHECK(phases[3].finish.kind == finish_kind::activate);
  CHECK(phases[4].finish.kind == finish_kind::add);
  CHECK(phases[5].finish.addend == phases[4].out);
}

TEST_CASE("norms before an addition are rows, caps end the head") {
  using program = program_of<gemma2_config>;
  CHECK(kinds<program>() == "rows | product | attend | product | rows | product | product | rows | product ");
  auto const& phases = program::lowered.phases;
  CHECK(phases[4].steps[1] == phases[4].out);
  CHECK(phases[8].finish.kind == finish_kind::capped);
  CHECK(phases[8].finish.cap == gemma2_config.logit_softcap);
}

TEST_CASE("norms of heads go with attention") {
  auto const& attend = program_of<qwen3_config>::lowered.phases[2];
  CHECK(attend.heads.query_norm >= 0);
  CHECK(attend.heads.key_norm > attend.heads.query_norm);
  CHECK(!attend.heads.norms_last);
}

TEST_CASE("what is scaled before an addition is kept in its place") {
  auto const& phases = program_of<glm_config>::lowered.phases;
  bool any = false;
  for (phase const& p : phases)
    any = any || (p.finish.kind == finish_kind::add && p.finish.kept == glm_config.residual_scale);
  CHECK(any);
}

TEST_CASE("every phase finds what it reads") {
  auto const check = []<class Program>(Program) {
    paper_run<Program> paper;
    paper.run();
    CHECK(paper.reads > 10);
  };
  check(program_of<llama_config>{});
  check(program_of<gpt2_config>{});
  check(program_of<neox_config>{});
  check(program_of<gemma2_config>{});
  check(program_of<qwen3_config>{});
  check(program_of<glm_config>{});
}

TEST_CASE("weights lie in the order in which a graph reads them, as in packed files") {
  CHECK(weights_fit<program_of<llama_config>, llama_config>::value);
  CHECK(weights_fit<program_of<tied_config>, tied_config>::value);
  CHECK(weights_fit<program_of<gpt2_config>, gpt2_config>::value);
  CHECK(weights_fit<program_of<neox_config>, neox_config>::value);
  CHECK(weights_fit<program_of<gemma2_config>, gemma2_config>::value);
  CHECK(weights_fit<program_of<qwen3_config>, qwen3_config>::value);
  CHECK(weights_fit<program_of<glm_config>, glm_config>::value);
  // A place that is not that of the file is found.
  constexpr auto misfit = [] {
    auto moved = program_of<llama_config>::weights;
    moved.places[1].offset += 64;
    return detail::weights_misfit(llama_config, moved, parameter_table<model_parameters<llama_config>>);
  }();
  CHECK(misfit.view() == "lower: blocks.*.attention_norm.weight does not lie where the packed file has it");
}

namespace {

template <class Model>
std::string misfit_of() {
  graph const g = detail::trace_decoder<Model, 100>();
  REQUIRE(g.misfit.empty());
  return std::string(detail::lower(g).misfit.view());
}

template <class Block>
struct around {
  using table_type = embedding<vocab, width>;
  using head_type = linear<vocab, width>;
  using blocks_type = repeated<Block, 2>;
  BOOST_HANA_DEFINE_STRUCT(around, (table_type, table), (blocks_type, blocks), (head_type, head));
  constexpr value operator()(value ids) const { return head(blocks(table(ids))); }
};

}  // namespace

TEST_CASE("what no phase computes is a misfit with its line") {
  // Norms of queries alone; the mixture of experts.
  auto const half_normed = misfit_of<around<llama_block<0>>>();
  CHECK(half_normed.starts_with("lower: queries and keys of attention are not normed and rotated alike (models.hpp:"));
  auto const workshop = misfit_of<around<workshop_block>>();
  CHECK(workshop.starts_with("lower: "));
  CHECK(workshop.find("(models.hpp:") != std::string::npos);
}
