// Types of single matrices: those of a file, and mixtures that are asked for.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "checkpoint/readers/hugging_face_write.hpp"
#include "command/inspect.hpp"
#include "command/pack.hpp"
#include "command/unpack_weights.hpp"
#include "command/weight_choice.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"
#include "support.hpp"

using namespace constformer;
using formats_test::fixtures;
using formats_test::scratch_folder;

namespace {

checkpoint mixed_file() {
  return open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / "llama_mixed" / "model.gguf");
}

config as_stored(checkpoint const& source) {
  config model = source.model;
  command::set_stored_types(source, model);
  return model;
}

}  // namespace

TEST_CASE("matrices are packed in the types of their file, or in larger ones that lose nothing") {
  config const c = as_stored(mixed_file());
  CHECK(first_misfit(c).empty());
  CHECK(c.weights == dtype::q4_k);
  CHECK(c.group == 256);
  CHECK(type_of(c, weight_kind::tokens) == dtype::q4_k);
  CHECK(type_of(c, weight_kind::head) == dtype::q6_k);
  CHECK(type_of(c, weight_kind::query, 1) == dtype::q4_k);
  CHECK(type_of(c, weight_kind::value, 0) == dtype::q8_0);  // Q5_0
  CHECK(type_of(c, weight_kind::value, 1) == dtype::q6_k);
  CHECK(type_of(c, weight_kind::output, 1) == dtype::q5_k);
  CHECK(type_of(c, weight_kind::down, 0) == dtype::q6_k);  // Q3_K
  CHECK(type_of(c, weight_kind::down, 1) == dtype::q8_f);  // IQ4_XS
  CHECK(type_of(c, weight_kind::up, 0) == dtype::q4_k);
  CHECK(type_of(c, weight_kind::up, 1) == dtype::q8_f);  // Q4_K beside Q2_K
  CHECK_FALSE(fuses_qkv(c));
}

TEST_CASE("a file without quantised tensors has one type") {
  checkpoint const source = open_checkpoint(fixtures() / "llama_gqa_3_kv_heads");
  config const c = as_stored(source);
  CHECK(c.types.count == 0);
  CHECK(c.weights == dtype::f32);
  CHECK(fuses_qkv(c));
}

TEST_CASE("inspect says what is packed as another type") {
  auto const d = command::describe_checkpoint(mixed_file());
  std::string repacked;
  for (auto const& t : d.at("tensors"))
    if (t.contains("packed"))
      repacked += t.at("name").get<std::string>() + " " + t.at("type").get<std::string>() + " " +
                  t.at("packed").get<std::string>() + "\n";
  CHECK(repacked ==
        "model.layers.0.mlp.down_proj.weight Q3_K q6_k\n"
        "model.layers.0.self_attn.v_proj.weight Q5_0 q8_0\n"
        "model.layers.1.mlp.down_proj.weight IQ4_XS q8_f\n"
        "model.layers.1.mlp.gate_proj.weight Q4_K q8_f\n"
        "model.layers.1.mlp.up_proj.weight Q2_K q8_f\n");
  double const bits = d.at("bits_per_weight").get<double>();
  CHECK(bits > 4);
  CHECK(bits < 5);
  CHECK(command::describe_as_text(d).find("Q2_K [256,256], packed as q8_f\n") != std::string::npos);
}

TEST_CASE("mixtures are those of llama-quantize") {
  config model =
      llama({.layers = 12, .d_model = 256, .heads = 4, .kv_heads = 2, .d_ff = 512, .vocab = 96, .positions = 8});
  command::set_mixture(model, "q4_k_m");
  CHECK(first_misfit(model).empty());
  CHECK(model.weights == dtype::q4_k);
  std::string more;
  for (int layer = 0; layer < 12; ++layer) {
    CHECK(type_of(model, weight_kind::value, layer) == type_of(model, weight_kind::down, layer));
    if (type_of(model, weight_kind::down, layer) == dtype::q6_k) more += std::to_string(layer) + " ";
  }
  CHECK(more == "0 3 6 9 10 11 ");
  CHECK(type_of(model, weight_kind::head) == dtype::q6_k);
  CHECK(type_of(model, weight_kind::tokens) == (model.tied ? dtype::q6_k : dtype::q4_k));
  command::set_mixture(model, "q6_k");
  CHECK(model.weights == dtype::q6_k);
  CHECK(model.types.count == 0);
  config narrow =
      llama({.layers = 2, .d_model = 96, .heads = 4, .kv_heads = 2, .d_ff = 256, .vocab = 96, .positions = 8});
  command::set_mixture(narrow, "q5_k_m");
  CHECK(first_misfit(narrow).empty());
  CHECK(narrow.weights == dtype::q8_0);
  CHECK(type_of(narrow, weight_kind::down, 0) == dtype::q5_k);
}

TEST_CASE("what was packed in several types comes back as the values it stands for") {
  checkpoint const source = mixed_file();
  scratch_folder const scratch;
  command::pack_checkpoint(source, as_stored(source), scratch / "w");
  auto const back = command::unpack(packed_file::map(scratch / "w"), "w");
  auto const ours = in_hugging_face_form(back.source).tensors, theirs = in_hugging_face_form(source).tensors;
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(theirs[i].name);
    CHECK(ours[i].name == theirs[i].name);
    CHECK(std::ranges::equal(ours[i].bytes, theirs[i].bytes));
  }
}
