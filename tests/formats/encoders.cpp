#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/readers/sentence_keys.hpp"
#include "checkpoint/readers/sentence_modules.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

config model_of(char const* fixture) { return open_checkpoint(fixtures() / fixture).model; }

std::string refusal(scratch_folder const& folder) {
  config const model = bert({.layers = 1, .d_model = 8, .heads = 2, .vocab = 30, .positions = 64});
  return sentence_of([&] { static_cast<void>(read_sentence_modules(folder.path(), model)); }, folder.path());
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

namespace {

config const toy_encoder = bert({.layers = 1, .d_model = 8, .heads = 2, .vocab = 30, .positions = 64});

// A folder with these modules behind the Transformer, each a pair of folder and class.
struct sentence_folder : scratch_folder {
  explicit sentence_folder(std::vector<std::pair<std::string, std::string>> const& behind = {
                               {"1_Pooling", "Pooling"}}) {
    std::string list = R"([{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"})";
    for (auto const& [at, kind] : behind) {
      std::filesystem::create_directory(*this / at);
      list += R"(,{"idx":1,"name":"1","path":")" + at + R"(","type":"sentence_transformers.models.)" + kind + R"("})";
    }
    write("modules.json", list + "]");
  }
  [[nodiscard]] sentence_modules read() const { return read_sentence_modules(path(), toy_encoder); }
  void tensors(std::string const& module, std::vector<part> const& list) const {
    write(module + "/model.safetensors", safetensors(list));
  }
};

std::string names_of(std::vector<pooling_kind> const& poolings) {
  std::string out;
  for (pooling_kind const how : poolings) out += (out.empty() ? "" : "+") + std::string(name_of(how));
  return out;
}

}  // namespace

TEST_CASE("a folder without modules is pooled as sentence-transformers does", "[encoders]") {
  scratch_folder const folder;
  auto const found = read_sentence_modules(folder.path(), toy_encoder);
  REQUIRE(found.recipe.steps.size() == 1);
  CHECK(names_of(found.recipe.steps[0].poolings) == "mean");
  CHECK(found.max_sequence == 0);
  config const decoder = llama({.layers = 1, .d_model = 8, .heads = 2, .vocab = 30, .positions = 64});
  folder.write("config.json", R"({"architectures":["LlamaForCausalLM"]})");
  CHECK(names_of(read_sentence_modules(folder.path(), decoder).recipe.steps[0].poolings) == "last");
  folder.write("config.json", R"({"architectures":["LlamaModel"]})");
  CHECK(names_of(read_sentence_modules(folder.path(), decoder).recipe.steps[0].poolings) == "mean");
}

TEST_CASE("poolings of all layouts are read", "[encoders]") {
  sentence_folder const folder;
  struct {
    std::string_view json;
    std::string_view poolings;
  } const cases[]{
      {R"({"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true,"pooling_mode_max_tokens":false})", "mean"},
      {R"({"pooling_mode_cls_token":true})", "cls"},
      {R"({"pooling_mode_lasttoken":true})", "last"},
      {R"({"pooling_mode_weightedmean_tokens":true})", "weighted_mean"},
      {R"({"pooling_mode_mean_sqrt_len_tokens":true})", "mean_sqrt_len"},
      {R"({"pooling_mode":"max"})", "max"},
      {R"({"pooling_mode":"weightedmean"})", "weighted_mean"},
      {R"({"pooling_mode":"mean_sqrt_len_tokens"})", "mean_sqrt_len"},
      {R"({"pooling_mode":["lasttoken"]})", "last"},
      {R"({"pooling_mode":["mean","cls","mean"]})", "mean+cls+mean"},
      {R"({"pooling_mode_lasttoken":true,"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true})",
       "cls+mean+last"},
      {R"({"pooling_mode":"max","pooling_mode_cls_token":true})", "max"},
      {R"({"pooling_mode_cls_token":false})", "mean"},
      {R"({"word_embedding_dimension":8})", "mean"},
  };
  for (auto const& [json, poolings] : cases) {
    CAPTURE(json);
    folder.write("1_Pooling/config.json", json);
    auto const found = folder.read();
    REQUIRE(found.recipe.steps.size() == 1);
    CHECK(names_of(found.recipe.steps[0].poolings) == poolings);
    CHECK(found.recipe.steps[0].include_prompt);
  }
  folder.write("1_Pooling/config.json", R"({"pooling_mode":"mean","include_prompt":false})");
  CHECK_FALSE(folder.read().recipe.steps[0].include_prompt);
}

TEST_CASE("the longest sequence is what the module, else the tokenizer, else the model says", "[encoders]") {
  sentence_folder const folder;
  folder.write("1_Pooling/config.json", "{}");
  CHECK(folder.read().max_sequence == 64);
  auto const tokenizer = [&](std::string_view json) {
    folder.write("tokenizer_config.json", json);
    return folder.read().max_sequence;
  };
  CHECK(tokenizer(R"({"model_max_length":16})") == 16);
  CHECK(tokenizer(R"({"model_max_length":128})") == 64);
  CHECK(tokenizer(R"({"model_max_length":1000000000000000019884624838656})") == 64);
  CHECK(tokenizer(R"({"max_len":12})") == 12);
  CHECK(tokenizer(R"({"max_len":12,"model_max_length":20})") == 20);
  CHECK_FALSE(folder.read().recipe.cut_left);
  tokenizer(R"({"model_max_length":16,"truncation_side":"left"})");
  CHECK(folder.read().recipe.cut_left);
  folder.write("sentence_xlnet_config.json", R"({"max_seq_length":40})");
  CHECK(folder.read().max_sequence == 40);
  folder.write("sentence_bert_config.json", R"({"max_seq_length":30,"do_lower_case":true})");
  CHECK(folder.read().max_sequence == 30);
  CHECK(folder.read().lower_case);
  folder.write("sentence_bert_config.json", R"({"max_seq_length":30,"processor_kwargs":{"model_max_length":9}})");
  CHECK(folder.read().max_sequence == 9);
  CHECK_FALSE(folder.read().lower_case);
  folder.write("sentence_bert_config.json",
               R"({"transformer_task":"feature-extraction","modality_config":{"text":{"method":"forward",)"
               R"("method_output_name":"last_hidden_state"}},"module_output_name":"token_embeddings"})");
  CHECK(folder.read().max_sequence == 16);
}

TEST_CASE("modules with weights are read", "[encoders]") {
  sentence_folder const folder(
      {{"1_Pooling", "Pooling"}, {"2_Dense", "Dense"}, {"3_LayerNorm", "LayerNorm"}, {"4_Normalize", "Normalize"}});
  folder.write("1_Pooling/config.json", R"({"pooling_mode":["cls","mean"]})");
  folder.write("2_Dense/config.json", R"({"in_features":16,"out_features":2,"bias":true,)"
                                      R"("activation_function":"torch.nn.modules.linear.Identity"})");
  folder.tensors("2_Dense", {{"linear.bias", "F32", "[2]", raw(5.0F) + raw(6.0F)},
                             {"linear.weight", "F32", "[2,16]", std::string(31 * 4, '\0') + raw(4.0F)}});
  folder.write("3_LayerNorm/config.json", R"({"dimension":2})");
  folder.tensors("3_LayerNorm", {{"norm.bias", "F32", "[2]", raw(1.0F) + raw(2.0F)},
                                 {"norm.weight", "F32", "[2]", raw(7.0F) + raw(8.0F)}});
  folder.write("config_sentence_transformers.json",
               R"({"prompts":{"query":"find: ","none":null},"default_prompt_name":"query","truncate_dim":1})");
  auto const found = folder.read();
  REQUIRE(found.recipe.steps.size() == 4);
  CHECK(found.recipe.steps[1].activation == dense_activation::identity);
  CHECK(found.recipe.steps[1].offset == 0);
  CHECK(found.recipe.steps[2].offset == 34 * 4);
  CHECK(found.recipe.steps[3].kind == embedding_step_kind::normalize);
  REQUIRE(found.weights.size() == 38);
  CHECK(std::vector(found.weights.begin() + 31, found.weights.end()) ==
        std::vector{4.0F, 5.0F, 6.0F, 7.0F, 8.0F, 1.0F, 2.0F});
  CHECK(found.recipe.dimensions == 1);
  CHECK(found.recipe.default_prompt == "query");
  REQUIRE(found.recipe.prompts.size() == 2);

  folder.write("2_Dense/config.json", R"({"in_features":8,"out_features":2})");
  CHECK(refusal(folder) == "2_Dense/config.json: field \"in_features\" is 8, what stands before it gives 16 values");
  folder.write("2_Dense/config.json", R"({"in_features":16,"out_features":2,"bias":false})");
  CHECK(refusal(folder) == "2_Dense: has a tensor linear.bias that its module does not");
  folder.write("2_Dense/config.json", R"({"in_features":16,"out_features":3})");
  CHECK(refusal(folder) == "2_Dense: tensor linear.weight is [2,16], its config.json asks for [3,16]");
  folder.write("2_Dense/config.json", R"({"in_features":16,"out_features":2,"activation_function":"my.Tanh"})");
  CHECK(
      refusal(folder).starts_with("2_Dense/config.json: field \"activation_function\" is \"my.Tanh\", supported are"));
}

TEST_CASE("an encoder in a folder of its own is found", "[encoders]") {
  scratch_folder const folder;
  CHECK(transformer_folder(folder.path()) == folder.path());
  folder.write("modules.json", R"([{"path":"0_BERT","type":"sentence_transformers.models.BERT"}])");
  CHECK(transformer_folder(folder.path()) == folder / "0_BERT");
  folder.write("modules.json", R"([{"path":".","type":"sentence_transformers.base.modules.transformer.Transformer"}])");
  CHECK(transformer_folder(folder.path()) == folder.path());
  for (char const* const path : {"../0_BERT", "/etc", "a/../../b"}) {
    folder.write("modules.json",
                 R"([{"path":")" + std::string(path) + R"(","type":"sentence_transformers.models.Transformer"}])");
    CHECK_THAT(sentence_of([&] { static_cast<void>(transformer_folder(folder.path())); }, folder.path()),
               Catch::Matchers::ContainsSubstring("it must be a folder within the checkpoint"));
  }
}

TEST_CASE("modules that are not supported or damaged are refused", "[encoders]") {
  scratch_folder const folder;
  std::filesystem::create_directory(folder / "1_Pooling");
  folder.write("modules.json", "{");
  CHECK(refusal(folder) == "modules.json: is not a JSON array of modules");
  folder.write("modules.json", R"([3])");
  CHECK(refusal(folder) == "modules.json: module 0 is not a JSON object");
  folder.write("modules.json", "[]");
  CHECK(refusal(folder) == "modules.json: names no module");
  folder.write("modules.json",
               R"([{"path":"0_StaticEmbedding","type":"sentence_transformers.models.StaticEmbedding"}])");
  CHECK(refusal(folder) ==
        "modules.json: module 0: field \"type\" is \"sentence_transformers.models.StaticEmbedding\", the first module "
        "must be a Transformer");
  folder.write("modules.json", R"([{"path":"","type":"custom_st.Transformer"}])");
  CHECK(refusal(folder).starts_with("modules.json: module 0: field \"type\" is \"custom_st.Transformer\""));
  for (char const* const kind : {"CNN", "LSTM", "WordWeights", "WeightedLayerPooling"}) {
    folder.write("modules.json", R"([{"path":"","type":"sentence_transformers.models.Transformer"},)"
                                 R"({"path":"1_Pooling","type":"sentence_transformers.models.)" +
                                     std::string(kind) + R"("}])");
    CHECK(refusal(folder) == "modules.json: module 1: field \"type\" is \"sentence_transformers.models." +
                                 std::string(kind) +
                                 "\", supported are Transformer, Pooling, Dense, LayerNorm, Dropout and Normalize");
  }
  folder.write("modules.json", modules);
  folder.write("1_Pooling/config.json", R"({"pooling_mode":"median"})");
  CHECK(refusal(folder) ==
        "1_Pooling/config.json: field \"pooling_mode\" is \"median\", supported are cls, max, mean, "
        "mean_sqrt_len_tokens, weightedmean and lasttoken");
  folder.write("1_Pooling/config.json", R"({"pooling_mode":"mean","pooling_weight":2})");
  CHECK(refusal(folder) == "1_Pooling/config.json: field \"pooling_weight\" is 2, this field is not known there");
  folder.write("1_Pooling/config.json", "{}");
  struct {
    char const* json;
    char const* begin;
  } const settings[]{
      {R"({"max_seq_length":0})", "field \"max_seq_length\" is 0"},
      {R"({"transformer_task":"fill-mask"})", "field \"transformer_task\" is \"fill-mask\""},
      {R"({"processing_kwargs":{"text":{"max_length":9}}})", "field \"processing_kwargs\" is"},
      {R"({"model_args":{"rope_theta":9}})", "model_args: field \"rope_theta\" is 9"},
      {R"({"config_kwargs":{"hidden_act":"relu"}})", "config_kwargs: field \"hidden_act\" is \"relu\""},
      {R"({"tokenizer_name_or_path":"bert"})", "field \"tokenizer_name_or_path\" is \"bert\""},
      {R"({"modality_config":{"message":{},"text":{}}})", "modality_config: field \"message\" is {}"},
      {R"({"modality_config":{"text":{"method":"forward","method_output_name":"pooler_output"}}})",
       "text: field \"method_output_name\" is \"pooler_output\", supported is last_hidden_state"},
  };
  for (auto const& [json, begin] : settings) {
    folder.write("sentence_bert_config.json", json);
    CHECK_THAT(refusal(folder), Catch::Matchers::ContainsSubstring(begin));
  }
  folder.write("sentence_bert_config.json", "{}");
  folder.write("config_sentence_transformers.json", R"({"default_prompt_name":"query"})");
  CHECK(refusal(folder) ==
        "config_sentence_transformers.json: field \"default_prompt_name\" is \"query\", field \"prompts\" has none of "
        "that name");
  folder.write("config_sentence_transformers.json", R"({"model_type":"SparseEncoder"})");
  CHECK(refusal(folder).starts_with("config_sentence_transformers.json: field \"model_type\" is \"SparseEncoder\""));
}

TEST_CASE("every key of sentence-transformers' files is read or excused", "[encoders]") {
  std::ifstream file(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/formats/sentence_keys.json");
  auto const snapshot = nlohmann::json::parse(file);
  std::map<std::string, sentence_file> const files{
      {"modules", sentence_file::modules},       {"transformer", sentence_file::transformer},
      {"pooling", sentence_file::pooling},       {"dense", sentence_file::dense},
      {"layer_norm", sentence_file::layer_norm}, {"normalize", sentence_file::normalize},
      {"dropout", sentence_file::dropout},       {"model", sentence_file::model}};
  for (auto const& [name, keys] : snapshot.at("keys").items())
    for (std::string const key : keys) {
      CAPTURE(name, key);
      CHECK(std::ranges::any_of(
          sentence_keys, [&](sentence_key const& known) { return known.file == files.at(name) && known.name == key; }));
    }
}
