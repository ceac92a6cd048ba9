#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/readers/sentence_modules.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/config/kinds.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

config model_of(char const* fixture) { return open_checkpoint(fixtures() / fixture).model; }

std::string refusal(scratch_folder const& folder) {
  return sentence_of([&] { static_cast<void>(read_sentence_modules(folder.path())); }, folder.path());
}

char const* const modules = R"([{"idx":0,"path":"","type":"sentence_transformers.models.Transformer"},)"
                            R"({"idx":1,"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}])";

}  // namespace

TEST_CASE("the tensors of an encoder tell its heads", "[encoders]") {
  static_cast<void>(fixtures());
  auto const pretraining = model_of("bert_pretraining");
  CHECK(pretraining.head == head_kind::masked_language_model);
  CHECK(pretraining.tied);
  CHECK(pretraining.classifier == classifier_kind::next_sentence);
  CHECK(pretraining.labels == 2);
  CHECK_FALSE(model_of("bert_masked_untied").tied);

  auto const sequence = open_checkpoint(fixtures() / "bert_labels");
  CHECK(sequence.model.classifier == classifier_kind::sequence);
  CHECK(sequence.labels.names == std::vector<std::string>{"no", "perhaps", "yes"});
  CHECK_FALSE(sequence.labels.several);
  auto const tokens = model_of("bert_token_labels");
  CHECK(tokens.classifier == classifier_kind::tokens);
  CHECK(tokens.labels == 5);
  CHECK_FALSE(tokens.pooler);

  CHECK(model_of("roberta_labels").pooler_activation == activation_kind::tanh);
  CHECK(model_of("roberta_labels").first_position == 4);
  CHECK(model_of("roberta_plain").positions == 27);
  CHECK(model_of("roberta_token_labels").classifier == classifier_kind::tokens);
  CHECK(model_of("distilbert_labels").pooler_activation == activation_kind::relu);
  CHECK(model_of("distilbert_plain").labels == 0);
  CHECK(model_of("bert_plain").head == head_kind::none);
}

TEST_CASE("a folder without modules asks for nothing", "[encoders]") {
  scratch_folder const folder;
  auto const found = read_sentence_modules(folder.path());
  CHECK(found.pooling.empty());
  CHECK_FALSE(found.normalize);
  CHECK(found.max_sequence == 0);
}

TEST_CASE("modules of sentence-transformers are read", "[encoders]") {
  scratch_folder const folder;
  std::filesystem::create_directory(folder / "1_Pooling");
  folder.write("modules.json", R"([{"idx":0,"path":"","type":"sentence_transformers.models.Transformer"},)"
                               R"({"idx":1,"path":"1_Pooling","type":"sentence_transformers.models.Pooling"},)"
                               R"({"idx":2,"path":"2_Normalize","type":"sentence_transformers.models.Normalize"}])");
  folder.write("sentence_bert_config.json", R"({"max_seq_length":256,"do_lower_case":false})");
  struct {
    std::string_view json;
    std::string_view pooling;
  } const cases[]{
      {R"({"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true,"pooling_mode_max_tokens":false})", "mean"},
      {R"({"pooling_mode_cls_token":true})", "cls"},
      {R"({"pooling_mode_lasttoken":true})", "last"},
      {R"({"pooling_mode_weightedmean_tokens":true})", "weighted_mean"},
      {R"({"pooling_mode_mean_sqrt_len_tokens":true})", "mean_sqrt_len"},
      {R"({"pooling_mode":"max"})", "max"},
      {R"({"pooling_mode":"weightedmean"})", "weighted_mean"},
  };
  for (auto const& [json, pooling] : cases) {
    CAPTURE(json);
    folder.write("1_Pooling/config.json", json);
    auto const found = read_sentence_modules(folder.path());
    CHECK(found.pooling == pooling);
    CHECK(found.normalize);
    CHECK(found.max_sequence == 256);
  }
}

TEST_CASE("modules that are not supported or damaged are refused", "[encoders]") {
  scratch_folder const folder;
  std::filesystem::create_directory(folder / "1_Pooling");
  folder.write("modules.json", "{");
  CHECK(refusal(folder) == "modules.json: is not a JSON array of modules");
  folder.write("modules.json", R"([3])");
  CHECK(refusal(folder) == "modules.json: module 0 is not a JSON object");
  folder.write("modules.json", R"([{"path":"2_Dense","type":"sentence_transformers.models.Dense"}])");
  CHECK(refusal(folder) ==
        "modules.json: module 0: field \"type\" is \"sentence_transformers.models.Dense\", supported are "
        "Transformer, Pooling and Normalize");
  folder.write("modules.json", R"([{"path":"0_Transformer","type":"sentence_transformers.models.Transformer"}])");
  CHECK(
      refusal(folder) ==
      "modules.json: module 0: field \"path\" is \"0_Transformer\", only an encoder in the folder itself is supported");
  folder.write("modules.json", modules);
  folder.write("1_Pooling/config.json", R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":true})");
  CHECK(refusal(folder) ==
        "1_Pooling/config.json: poolings cls and mean are to be joined, only one alone is supported");
  folder.write("1_Pooling/config.json", "{}");
  CHECK(refusal(folder) == "1_Pooling/config.json: names no pooling that is supported");
  folder.write("1_Pooling/config.json", R"({"pooling_mode":"median"})");
  CHECK(refusal(folder) ==
        "1_Pooling/config.json: field \"pooling_mode\" is \"median\", supported are cls, max, mean, "
        "mean_sqrt_len, weightedmean and lasttoken");
  folder.write("sentence_bert_config.json", R"({"max_seq_length":0})");
  CHECK(refusal(folder).starts_with("sentence_bert_config.json: field \"max_seq_length\" is 0"));
}
