// generation_config.json: what is read, refused and excused, over every attribute of transformers' GenerationConfig.
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "checkpoint/packed_generation.hpp"
#include "checkpoint/readers/generation_config.hpp"
#include "constformer/checkpoint/generation_defaults.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "support.hpp"

using namespace constformer;
using formats_test::sentence_of;
using nlohmann::json;

namespace {

generation_defaults read(json const& file) {
  json_document const document(file.dump(), "G");
  return read_generation_defaults(document.fields(), "generation_config.json", 12);
}

json keys() {
  std::ifstream in(formats_test::fixtures().parent_path().parent_path() / "formats" / "generation_keys.json");
  return json::parse(in);
}

hugging_face_config read_marian(json change) {
  json config = {{"model_type", "marian"},        {"d_model", 32},       {"decoder_attention_heads", 4},
                 {"decoder_ffn_dim", 64},         {"decoder_layers", 1}, {"encoder_attention_heads", 4},
                 {"encoder_ffn_dim", 64},         {"encoder_layers", 1}, {"is_encoder_decoder", true},
                 {"max_position_embeddings", 64}, {"vocab_size", 121},   {"decoder_start_token_id", 120},
                 {"scale_embedding", true}};
  config.update(change);
  return read_hugging_face_config(config.dump(), "C");
}

}  // namespace

TEST_CASE("every attribute of GenerationConfig is read, refused or excused", "[generation]") {
  json const snapshot = keys();
  REQUIRE(snapshot["attributes"].size() > 70);
  for (auto const& [name, value] : snapshot["attributes"].items()) {
    CAPTURE(name, value.dump());
    json const file = {{name, value}};
    std::string const refusal = sentence_of([&] { static_cast<void>(read(file)); });
    switch (standing_of(name)) {
      case generation_key::read:
        CHECK(refusal == "no error");
        CHECK(read(file) != generation_defaults{});
        CHECK(read(file).from == "generation_config.json");
        break;
      case generation_key::refused_unless_neutral:
        CHECK(refusal.starts_with("G: field \"" + name + "\" is "));
        CHECK(sentence_of([&] { static_cast<void>(read({{name, nullptr}})); }) == "no error");
        break;
      case generation_key::without_effect:
        CHECK(refusal == "no error");
        CHECK(read(file) == generation_defaults{});
        CHECK(reason_of(name).size() > 10);
        break;
      case generation_key::unknown: FAIL_CHECK("a new attribute that nobody has judged");
    }
  }
}

TEST_CASE("the defaults that transformers 4.57 writes are neutral", "[generation]") {
  CHECK(sentence_of([] {
          static_cast<void>(
              read(json::parse(R"({"typical_p":1.0,"epsilon_cutoff":0.0,"eta_cutoff":0.0,"diversity_penalty":0.0,
            "num_beam_groups":1,"encoder_repetition_penalty":1.0,"guidance_scale":1,"token_healing":false})")));
        }) == "no error");
}

TEST_CASE("values of generation_config.json survive packing", "[generation]") {
  auto const stated =
      read(json::parse(R"({"do_sample":true,"temperature":0.6,"top_p":0.9,"top_k":0,"max_length":1000000000000,
    "early_stopping":"never","bad_words_ids":[[5],[7,8],[99],[1,99]],"forced_eos_token_id":[2,3],"suppress_tokens":[]})"));
  CHECK(stated.bad_words_ids == std::vector<std::vector<int>>{{5}, {7, 8}});
  CHECK(stated.max_length == 1 << 24);
  auto const written = packed::generation_json(stated);
  CHECK(
      written.dump() ==
      R"({"from":"generation_config.json","do_sample":true,"temperature":0.6,"top_k":0,"top_p":0.9,"max_length":16777216,)"
      R"("early_stopping":"never","bad_words_ids":[[5],[7,8]],"forced_eos_token_id":[2,3]})");
  CHECK(packed::read_generation(json::parse(written.dump()), "P") == stated);
  generation_defaults windowed;
  windowed.from = "general.sampling";
  windowed.repetition_window = 32;
  CHECK(packed::read_generation(json::parse(packed::generation_json(windowed).dump()), "P") == windowed);
  CHECK(sentence_of([] { static_cast<void>(packed::read_generation({{"bad_words_ids", {{-1}}}}, "P")); }) ==
        "P: field generation: bad_words_ids: is out of bounds");
}

TEST_CASE("generation values that make no sense are refused by name", "[generation]") {
  auto const refusal = [](char const* text) {
    return sentence_of([&] { static_cast<void>(read(json::parse(text))); });
  };
  CHECK(refusal(R"({"temperature":-1})") == "G: field \"temperature\" is -1, it must be between 0.0 and 1000000.0");
  CHECK(refusal(R"({"top_p":1.5})") == "G: field \"top_p\" is 1.5, it must be between 0.0 and 1.0");
  CHECK(refusal(R"({"num_beams":2.5})") == "G: field \"num_beams\" is 2.5, it must be a whole number");
  CHECK(refusal(R"({"bad_words_ids":[[]]})") == "G: field \"bad_words_ids\" is [[]], a word has at least one token");
  CHECK(refusal(R"({"do_sample":true,"num_beams":4})") ==
        "G: field \"num_beams\" is 4, sampling among beams is not supported, and do_sample is true");
}

TEST_CASE("older checkpoints state generation values in config.json, which a generation_config.json replaces",
          "[generation]") {
  auto const older = read_marian({{"bad_words_ids", {{120}}}, {"num_beams", 4}, {"forced_eos_token_id", 0}});
  CHECK(older.generation.from == "config.json");
  CHECK(older.generation.bad_words_ids == std::vector<std::vector<int>>{{120}});
  CHECK(older.generation.num_beams == 4);
  CHECK(older.generation.forced_eos_token_id == std::vector{0});
  CHECK(read_marian({{"forced_eos_token_id", 0}}).generation == generation_defaults{});
  json const llama = {{"model_type", "llama"},    {"hidden_size", 16},           {"intermediate_size", 16},
                      {"num_hidden_layers", 1},   {"num_attention_heads", 2},    {"vocab_size", 12},
                      {"forced_eos_token_id", 2}, {"max_position_embeddings", 8}};
  CHECK(read_hugging_face_config(llama.dump(), "C").generation.forced_eos_token_id == std::vector{2});

  auto ids = older.ids;
  auto generation = older.generation;
  overrule_generation(ids, generation, R"({"eos_token_id":5,"length_penalty":0.5})", "G", older.model);
  CHECK(ids.eos == std::vector{5});
  CHECK(generation.bad_words_ids.empty());
  CHECK(generation.length_penalty == 0.5F);
}
