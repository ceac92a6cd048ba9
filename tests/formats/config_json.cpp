#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
using nlohmann::json;

namespace {

json golden() {
  std::filesystem::path const file = fixtures().parent_path().parent_path() / "formats" / "transformers_golden.json";
  return json::parse(read_all(file));
}

json const llama_file = {{"model_type", "llama"},   {"vocab_size", 96},       {"hidden_size", 48},
                         {"intermediate_size", 80}, {"num_hidden_layers", 3}, {"num_attention_heads", 4}};
json const gpt2_file = {{"model_type", "gpt2"}, {"vocab_size", 96}, {"n_embd", 48},
                        {"n_layer", 3},         {"n_head", 4},      {"n_positions", 32}};

json family(std::string_view name) {
  json file = llama_file;
  file["model_type"] = name;
  if (name == "bert") file["max_position_embeddings"] = 40;
  if (name != "llama" && name != "bert") file["num_key_value_heads"] = 2;
  if (name == "gpt_neox") file["rotary_pct"] = 0.5;
  return file;
}

json chatglm() {
  return {{"model_type", "chatglm"},       {"padded_vocab_size", 96}, {"hidden_size", 48},
          {"ffn_hidden_size", 80},         {"num_layers", 3},         {"num_attention_heads", 4},
          {"multi_query_attention", true}, {"kv_channels", 12}};
}

json changed(json file, json const& patch) {
  for (auto const& [key, value] : patch.items()) file[key] = value;
  return file;
}

json without(json file, char const* key) {
  file.erase(key);
  return file;
}

config read(json const& file) { return read_hugging_face_config(file.dump(), "config.json").model; }

std::string refusal(std::string const& text) {
  return sentence_of([&] { static_cast<void>(read_hugging_face_config(text, "C")); });
}

double by_definition(activation_kind kind, double x) {
  switch (kind) {
    case activation_kind::relu: return x > 0 ? x : 0;
    case activation_kind::relu2: return x > 0 ? x * x : 0;
    case activation_kind::gelu: return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case activation_kind::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case activation_kind::quick_gelu: return x / (1 + std::exp(-1.702 * x));
    case activation_kind::silu: return x / (1 + std::exp(-x));
    case activation_kind::tanh: return std::tanh(x);
    case activation_kind::sigmoid: return 1 / (1 + std::exp(-x));
    case activation_kind::identity: return x;
  }
  return NAN;
}

}  // namespace

TEST_CASE("config.json means what transformers' configuration classes make of it", "[config_json]") {
  json const file = golden();
  for (json const& golden_case : file["configs"]) {
    auto const text = golden_case["text"].get<std::string>();
    INFO(text);
    auto const parsed = read_hugging_face_config(text, "config.json");
    config const& c = parsed.model;
    json const& is = golden_case["is"];
    CHECK(c.layers == is["layers"]);
    CHECK(c.d_model == is["d_model"]);
    CHECK(c.heads == is["heads"]);
    CHECK(c.d_ff == is["d_ff"]);
    CHECK(c.vocab == is["vocab"]);
    CHECK(c.positions == is["positions"]);
    CHECK(c.capacity == c.positions);
    CHECK(c.norm_eps == static_cast<float>(is["norm_eps"].get<double>()));
    CHECK(c.activation == activation_from_hugging_face(is["activation"].get<std::string>()).value());
    if (is.contains("tied")) CHECK(c.tied == is["tied"]);
    if (is.contains("kv_heads")) CHECK(c.kv_heads == is["kv_heads"]);
    if (is.contains("head_dim")) CHECK(c.head_dim == is["head_dim"]);
    if (is.contains("window")) CHECK(c.window == is["window"]);
    if (is.contains("unwindowed"))
      for (int layer = 0; layer < c.layers; ++layer) {
        auto const full = is["unwindowed"].get<std::vector<int>>();
        CHECK(c.unwindowed.contains(layer) == (std::find(full.begin(), full.end(), layer) != full.end()));
      }
    if (is.contains("rotary_dims")) CHECK(c.rope.rotary_dims == is["rotary_dims"]);
    if (is.contains("parallel")) CHECK(c.parallel == is["parallel"]);
    if (is.contains("bias_qkv")) CHECK(c.bias_qkv == is["bias_qkv"]);
    if (is.contains("bias_attention_output")) CHECK(c.bias_attention_output == is["bias_attention_output"]);
    if (is.contains("short_factors"))
      for (std::size_t j = 0; j < is["short_factors"].size(); ++j) {
        CHECK(c.rope.short_factors.values[j] == static_cast<float>(is["short_factors"][j].get<double>()));
        CHECK(c.rope.long_factors.values[j] == static_cast<float>(is["long_factors"][j].get<double>()));
      }
    if (is.contains("score_scale"))
      CHECK(static_cast<double>(c.score_gain) / std::sqrt(c.head_dim) ==
            Catch::Approx(is["score_scale"].get<double>()).epsilon(1e-7));
    if (is.contains("score_softcap")) CHECK(c.score_softcap == static_cast<float>(is["score_softcap"].get<double>()));
    if (is.contains("logit_softcap")) CHECK(c.logit_softcap == static_cast<float>(is["logit_softcap"].get<double>()));
    if (is.contains("segments")) CHECK(c.segments == is["segments"]);
    if (is.contains("scale_scores")) CHECK(c.scale_scores == is["scale_scores"]);
    if (is.contains("scale_scores_by_layer")) CHECK(c.scale_scores_by_layer == is["scale_scores_by_layer"]);
    if (is.contains("theta")) CHECK(c.rope.theta == static_cast<float>(is["theta"].get<double>()));
    if (is.contains("scaling"))
      CHECK(name_of(c.rope.scaling) == (is["scaling"] == "default" ? "none" : is["scaling"].get<std::string>()));
    if (is.contains("factor")) CHECK(c.rope.factor == static_cast<float>(is["factor"].get<double>()));
    if (is.contains("original_positions")) CHECK(c.rope.original_positions == is["original_positions"]);
    if (is.contains("attention_factor"))
      CHECK(c.rope.attention_factor == static_cast<float>(is["attention_factor"].get<double>()));
    // Ids that the vocabulary does not have are left out.
    auto const known = [&](json const& id) { return id.is_number() && id.get<int>() < c.vocab; };
    CHECK(parsed.ids.bos == (known(is["bos"]) ? std::optional(is["bos"].get<int>()) : std::nullopt));
    CHECK(parsed.ids.pad == (known(is["pad"]) ? std::optional(is["pad"].get<int>()) : std::nullopt));
    std::vector<int> eos;
    for (json const& id : is["eos"])
      if (known(id)) eos.push_back(id.get<int>());
    CHECK(parsed.ids.eos == eos);
  }
}

TEST_CASE("activations have transformers' names and values", "[config_json]") {
  json const file = golden();
  auto const x = file["activations"]["x"].get<std::vector<double>>();
  int known = 0;
  for (auto const& [name, values] : file["activations"]["y"].items()) {
    auto const kind = activation_from_hugging_face(name);
    if (!kind) continue;
    ++known;
    INFO(name);
    for (std::size_t i = 0; i < x.size(); ++i)
      CHECK(values[i].get<double>() == Catch::Approx(by_definition(*kind, x[i])).margin(1e-8).epsilon(1e-8));
  }
  CHECK(known == 15);
}

TEST_CASE("fields that only some models have", "[config_json]") {
  CHECK(read(changed(llama_file, {{"attention_bias", true}})).bias_qkv);
  CHECK(read(changed(llama_file, {{"attention_bias", true}})).bias_attention_output);
  CHECK_FALSE(read(changed(llama_file, {{"attention_bias", true}})).bias_ffn);
  CHECK(read(changed(llama_file, {{"mlp_bias", true}})).bias_ffn);
  CHECK(read(family("qwen2")).bias_qkv);
  CHECK_FALSE(read(family("qwen2")).bias_attention_output);
  config const yarn = read(changed(
      llama_file,
      {{"rope_scaling", {{"type", "yarn"}, {"factor", 4}, {"beta_fast", 20}, {"beta_slow", 2}, {"truncate", false}}}}));
  CHECK(yarn.rope.beta_fast == 20.0F);
  CHECK(yarn.rope.beta_slow == 2.0F);
  CHECK_FALSE(yarn.rope.truncate);
  CHECK(yarn.rope.original_positions == 2048);
  config const gpt2 = read(changed(gpt2_file, {{"reorder_and_upcast_attn", true}}));
  CHECK(gpt2 == read(gpt2_file));
  CHECK(gpt2.d_ff == 192);
  CHECK(gpt2.tied);
}

TEST_CASE("generation_config.json overrules config.json", "[config_json]") {
  special_ids ids{1, {2}, {}};
  config const model = llama({.layers = 1, .d_model = 8, .heads = 1, .vocab = 96, .positions = 8});
  generation_defaults generation;
  auto const overrule = [&](char const* text) { overrule_generation(ids, generation, text, "G", model); };
  overrule(R"({"eos_token_id":[7,9,7,1000,-1],"pad_token_id":3,"bos_token_id":null})");
  CHECK(ids.bos == 1);
  CHECK(ids.eos == std::vector<int>{7, 9});
  CHECK(ids.pad == 3);
  CHECK(sentence_of([&] { overrule(R"({"eos_token_id":"</s>"})"); }) ==
        "G: field \"eos_token_id\" is \"</s>\", it must be a token id or a list of them");
  CHECK(sentence_of([&] { overrule(R"({"eos_token_id":[1.5]})"); }) ==
        "G: field \"eos_token_id\" is [1.5], it must be a token id or a list of them");
}

TEST_CASE("config.json that is damaged or not supported is refused with one sentence", "[config_json]") {
  std::string const activations =
      ", supported are gelu, gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh, quick_gelu, relu, relu2, silu, "
      "swish, tanh, sigmoid "
      "and linear";
  auto const rope = [](json const& scaling) { return changed(llama_file, {{"rope_scaling", scaling}}); };
  json const llama3 = {{"rope_type", "llama3"},
                       {"factor", 8},
                       {"low_freq_factor", 1},
                       {"high_freq_factor", 4},
                       {"original_max_position_embeddings", 64}};
  struct {
    std::string text;
    std::string sentence;
  } const cases[]{
      {"", "C: not JSON at line 1, column 1"},
      {"{\n \"a\": tru\n}", "C: not JSON at line 2, column 10"},
      {"{\"vocab_size\":NaN}", "C: not JSON at line 1, column 15"},
      {"[1]", "C: [1] is not a JSON object"},
      {"\"llama\"", "C: \"llama\" is not a JSON object"},
      {"{\"a\":1,\"a\":2}", "C: the name \"a\" is given twice"},
      {"{}", "C: field \"model_type\" is missing"},
      {"{\"model_type\":3}", "C: field \"model_type\" is 3, it must be a string"},
      {without(llama_file, "hidden_size").dump(), "C: field \"hidden_size\" is missing"},
      {changed(llama_file, {{"hidden_size", nullptr}}).dump(), "C: field \"hidden_size\" is missing"},
      {without(llama_file, "vocab_size").dump(), "C: field \"vocab_size\" is missing"},
      {without(gpt2_file, "n_positions").dump(), "C: field \"n_positions\" is missing"},
      {without(family("bert"), "max_position_embeddings").dump(), "C: field \"max_position_embeddings\" is missing"},
      {changed(llama_file, {{"hidden_size", "48"}}).dump(),
       "C: field \"hidden_size\" is \"48\", it must be a whole number"},
      {changed(llama_file, {{"hidden_size", 48.0}}).dump(),
       "C: field \"hidden_size\" is 48.0, it must be a whole number"},
      {changed(llama_file, {{"hidden_size", true}}).dump(),
       "C: field \"hidden_size\" is true, it must be a whole number"},
      {changed(llama_file, {{"hidden_size", 0}}).dump(),
       "C: field \"hidden_size\" is 0, it must be between 1 and 16777216"},
      {changed(llama_file, {{"num_hidden_layers", -3}}).dump(),
       "C: field \"num_hidden_layers\" is -3, it must be between 1 and 16777216"},
      {changed(llama_file, {{"vocab_size", 4294967297}}).dump(),
       "C: field \"vocab_size\" is 4294967297, it must be between 1 and 16777216"},
      {changed(llama_file, {{"vocab_size", 1e30}}).dump(),
       "C: field \"vocab_size\" is 1e+30, it must be a whole number"},
      {changed(llama_file, {{"vocab_size", json::array({1, 2})}}).dump(),
       "C: field \"vocab_size\" is [1,2], it must be a whole number"},
      {changed(llama_file, {{"num_attention_heads", 5}}).dump(),
       "C: field \"hidden_size\" is 48, which is not a multiple of \"num_attention_heads\" 5"},
      {changed(gpt2_file, {{"n_head", 5}}).dump(),
       "C: field \"n_embd\" is 48, which is not a multiple of \"n_head\" 5"},
      {changed(llama_file, {{"num_key_value_heads", 3}}).dump(),
       "C: attention: heads=4 is not a multiple of kv_heads=3"},
      {changed(llama_file, {{"head_dim", 7}}).dump(), "C: rope: rotary_dims=7 is not a multiple of 2"},
      {changed(llama_file, {{"hidden_act", "prelu"}}).dump(), "C: field \"hidden_act\" is \"prelu\"" + activations},
      {changed(llama_file, {{"hidden_act", 3}}).dump(), "C: field \"hidden_act\" is 3, it must be a string"},
      {changed(gpt2_file, {{"activation_function", "gelu_10"}}).dump(),
       "C: field \"activation_function\" is \"gelu_10\"" + activations},
      {changed(gpt2_file, {{"activation_function", "linear"}}).dump(),
       "C: ffn: activation=identity without a gate leaves a linear layer of d_ff=192"},
      {changed(llama_file, {{"rms_norm_eps", 0}}).dump(), "C: field \"rms_norm_eps\" is 0, it must be more than 0.0"},
      {changed(llama_file, {{"rms_norm_eps", "1e-5"}}).dump(),
       "C: field \"rms_norm_eps\" is \"1e-5\", it must be a number"},
      {changed(llama_file, {{"rms_norm_eps", 1e-60}}).dump(),
       "C: field \"rms_norm_eps\" is 1e-60, it must be more than 0.0"},
      {changed(llama_file, {{"rms_norm_eps", 1.5}}).dump(), "C: norm: eps=1.5 is not between 0 and 1"},
      {changed(llama_file, {{"rope_theta", 1e39}}).dump(), "C: field \"rope_theta\" is 1e+39, float32 cannot hold it"},
      {changed(llama_file, {{"rope_theta", 0.5}}).dump(), "C: field \"rope_theta\" is 0.5, it must be more than 1.0"},
      {changed(llama_file, {{"attention_bias", 1}}).dump(),
       "C: field \"attention_bias\" is 1, it must be true or false"},
      {changed(llama_file, {{"tie_word_embeddings", "yes"}}).dump(),
       "C: field \"tie_word_embeddings\" is \"yes\", it must be true or false"},
      {changed(llama_file, {{"quantization_config", json{{"bits", 4}}}}).dump(),
       "C: field \"quantization_config\": the weights are quantised (a method it does not name, 4 bits), which is not "
       "read; give the unquantised model, and --dtype q8_0 or q4_0 quantises it here"},
      {changed(llama_file, {{"partial_rotary_factor", 0.5}}).dump(),
       "C: field \"partial_rotary_factor\" is 0.5, only 1 is supported"},
      {rope("linear").dump(), "C: field \"rope_scaling\" is \"linear\", it must be an object"},
      {rope({{"type", "longrope"}}).dump(), "C: rope_scaling: field \"short_factor\" is missing"},
      {rope({{"type", "longrope"}, {"short_factor", {1, 2}}}).dump(),
       "C: rope_scaling: field \"short_factor\" has 2 factors, 6 pairs of dims rotate and 64 is the limit"},
      {rope({{"type", "longrope"}, {"short_factor", {1, 2, 3, 4, 5, "6"}}}).dump(),
       "C: rope_scaling: field \"short_factor\" is [1,2,3,4,5,\"6\"], it must be a list of numbers that float32 can "
       "hold"},
      {rope({{"type", "longrope"}, {"short_factor", {1, 2, 3, 4, 5, 0}}, {"long_factor", {1, 2, 3, 4, 5, 6}}}).dump(),
       "C: rope: factor 0 of pair 5 of scaling=longrope is not between 0 and 1e12"},
      {rope({{"rope_type", "none"}}).dump(),
       "C: rope_scaling: field \"rope_type\" is \"none\", supported are default, linear, dynamic, llama3, yarn and "
       "longrope"},
      {rope({{"type", "linear"}}).dump(), "C: rope_scaling: field \"factor\" is missing"},
      {rope({{"type", "linear"}, {"factor", "2"}}).dump(),
       "C: rope_scaling: field \"factor\" is \"2\", it must be a number"},
      {rope({{"type", "linear"}, {"factor", 0.5}}).dump(),
       "C: rope_scaling: field \"factor\" is 0.5, it must be at least 1"},
      {rope({{"type", "linear"}, {"factor", 2}, {"partial_rotary_factor", 0.25}}).dump(),
       "C: rope_scaling: field \"partial_rotary_factor\" is 0.25, only 1 is supported"},
      {rope(without(llama3, "high_freq_factor")).dump(), "C: rope_scaling: field \"high_freq_factor\" is missing"},
      {rope(changed(llama3, {{"high_freq_factor", 1}})).dump(),
       "C: rope: high_freq_factor=1 must be more than low_freq_factor=1, and both positive"},
      {rope(changed(llama3, {{"original_max_position_embeddings", 0}})).dump(),
       "C: rope_scaling: field \"original_max_position_embeddings\" is 0, it must be between 1 and 16777216"},
      {rope({{"type", "yarn"}}).dump(), "C: rope_scaling: field \"factor\" is missing"},
      {changed(llama_file, {{"rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}}}).dump(),
       "C: rope_parameters: field \"full_attention\" is {\"rope_type\":\"default\"}, one rotary embedding for all "
       "layers is supported"},
      {changed(llama_file, {{"head_dim", 2}, {"rope_scaling", {{"type", "dynamic"}, {"factor", 2}}}}).dump(),
       "C: rope_scaling: field \"type\" is \"dynamic\", its exponent d/(d-2) needs a head_dim above 2"},
      {changed(family("mistral"), {{"sliding_window", 0}}).dump(),
       "C: field \"sliding_window\" is 0, it must be between 1 and 16777216"},
      {changed(family("phi3"), {{"partial_rotary_factor", 1.5}}).dump(),
       "C: field \"partial_rotary_factor\" is 1.5, it must be more than 0 and at most 1"},
      {changed(family("phi3"), {{"partial_rotary_factor", 0.1}}).dump(),
       "C: rope: rotary_dims=1 is not a multiple of 2"},
      {changed(family("phi3"), {{"rope_scaling", {{"type", "linear"}, {"factor", 2}}}}).dump(),
       "C: rope scaling linear is none of a Phi-3, which has longrope"},
      {changed(family("gpt_neox"), {{"num_attention_heads", 5}}).dump(),
       "C: field \"hidden_size\" is 48, which is not a multiple of \"num_attention_heads\" 5"},
      {without(chatglm(), "multi_query_attention").dump(),
       "C: field \"multi_query_attention\" is false or absent, only true is supported"},
      {without(chatglm(), "padded_vocab_size").dump(), "C: field \"padded_vocab_size\" is missing"},
      {changed(chatglm(), {{"quantization_bit", 4}}).dump(),
       "C: field \"quantization_bit\" is 4, only unquantised checkpoints are supported"},
      {changed(chatglm(), {{"pre_seq_len", 128}}).dump(),
       "C: field \"pre_seq_len\" is 128, prompt tuning is not supported"},
      {changed(chatglm(), {{"add_bias_linear", true}}).dump(),
       "C: field \"add_bias_linear\" is true, only false is supported"},
      {changed(chatglm(), {{"kv_channels", 6}}).dump(), "C: rope: rotary_dims=3 is not a multiple of 2"},
      {changed(chatglm(), {{"post_layer_norm", false}}).dump(),
       "C: field \"post_layer_norm\" is false, only true is supported"},
      {changed(family("gemma"), {{"use_bidirectional_attention", true}}).dump(),
       "C: field \"use_bidirectional_attention\" is true, only false is supported"},
      {changed(family("gemma2"), {{"sliding_window", nullptr}}).dump(),
       "C: field \"sliding_window\" is null, the sliding layers need a positive number"},
      {changed(family("gemma2"), {{"attn_logit_softcapping", 0}}).dump(),
       "C: field \"attn_logit_softcapping\" is 0, it must be more than 0.0"},
      {changed(family("gemma2"), {{"num_hidden_layers", 257}}).dump(),
       "C: attention: layers=257 are more than the 256 that unwindowed can tell apart"},
      {changed(family("gemma2"),
               {{"num_hidden_layers", 257}, {"layer_types", std::vector<std::string>(257, "full_attention")}})
           .dump(),
       "C: field \"layer_types\" has 257 entries, 256 is the limit"},
      {changed(family("qwen2"), {{"layer_types", {"full_attention"}}}).dump(),
       "C: field \"layer_types\" has 1 entries for 3 layers"},
      {changed(family("qwen2"), {{"layer_types", {"full_attention", "linear_attention", "full_attention"}}}).dump(),
       "C: field \"layer_types\" has \"linear_attention\", supported are full_attention and sliding_attention"},
      {changed(family("qwen2"), {{"layer_types", {"sliding_attention", "sliding_attention", "sliding_attention"}}})
           .dump(),
       "C: field \"layer_types\" asks for sliding_attention, but no sliding_window is in use"},
      {changed(gpt2_file, {{"add_cross_attention", true}}).dump(),
       "C: field \"add_cross_attention\" is true, only false is supported"},
      {changed(family("bert"), {{"is_decoder", true}}).dump(),
       "C: field \"is_decoder\" is true, only false is supported"},
      {changed(family("bert"), {{"position_embedding_type", "relative_key"}}).dump(),
       "C: field \"position_embedding_type\" is \"relative_key\", only \"absolute\" is supported"},
      {changed(family("bert"), {{"type_vocab_size", 0}}).dump(),
       "C: field \"type_vocab_size\" is 0, it must be between 1 and 16777216"},
      {changed(gpt2_file, {{"pruned_heads", {{"0", {1}}}}}).dump(),
       "C: field \"pruned_heads\" is {\"0\":[1]}, only whole layers are supported"},
      {changed(llama_file, {{"eos_token_id", "2"}}).dump(),
       "C: field \"eos_token_id\" is \"2\", it must be a token id or a list of them"},
  };
  for (auto const& c : cases) {
    INFO(c.text);
    CHECK(refusal(c.text) == c.sentence);
  }
}

TEST_CASE("an unknown model_type is refused with those that are known", "[config_json]") {
  std::string const sentence = refusal("{\"model_type\":\"mamba\"}");
  CHECK(sentence.starts_with("C: model_type \"mamba\" is not supported (llama, "));
  for (auto const* known : {"mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3", "gpt_neox", "glm", "glm4",
                            "chatglm", "gpt2", "bert", "roberta", "distilbert"}) {
    CAPTURE(known);
    CHECK(sentence.find(std::string(", ") + known) != std::string::npos);
  }
}

TEST_CASE("a family that looks like a known one is refused with what differs", "[config_json]") {
  CHECK(
      refusal("{\"model_type\":\"umt5\"}") ==
      "C: model_type \"umt5\" is not supported: each of its layers has relative positions of its own, those of an mT5 "
      "are in the first alone");
  CHECK(refusal("{\"model_type\":\"xlm-roberta-xl\"}").find("its norms stand before each half") != std::string::npos);
}

TEST_CASE("GPT-Neo's layers are global or local", "[config_json]") {
  json const file = {{"model_type", "gpt_neo"},
                     {"vocab_size", 96},
                     {"hidden_size", 48},
                     {"num_layers", 4},
                     {"num_heads", 4},
                     {"window_size", 9},
                     {"attention_types", {{{"global", "local"}, 2}}}};
  auto const unwindowed = [](config const& c) {
    return std::vector<std::uint64_t>(c.unwindowed.words, c.unwindowed.words + 1);
  };
  config const c = read(file);
  CHECK(c.family == family_kind::gpt_neo);
  CHECK(c.window == 9);
  CHECK(unwindowed(c) == std::vector<std::uint64_t>{0b0101});
  CHECK((!c.scale_scores && !c.bias_qkv && c.bias_attention_output && c.bias_ffn && c.tied));
  CHECK(c.d_ff == 192);
  CHECK(c.positions == 2048);
  CHECK(c.activation == activation_kind::gelu_tanh);
  json const types = json::parse(R"([[["local"], 1], [["global", "global"], 1], [["local"], 1]])");
  CHECK(unwindowed(read(changed(file, {{"attention_types", types}}))) == std::vector<std::uint64_t>{0b0110});
  // Written beside the types by transformers, and counted before them.
  CHECK(unwindowed(read(changed(file, {{"attention_layers", {"local", "local", "local", "global"}}}))) ==
        std::vector<std::uint64_t>{0b1000});
  CHECK(read(changed(file, {{"attention_layers", {"global", "global", "global", "global"}}})).window == 0);
  CHECK(read(changed(file, {{"num_layers", 24}, {"attention_types", nullptr}})).window == 9);
  CHECK(refusal(changed(file, {{"num_layers", 3}}).dump()) ==
        "C: field \"attention_types\" tells of 4 layers, \"num_layers\" is 3");
  CHECK(refusal(changed(file, {{"attention_layers", {"local", "local", "local", "sparse"}}}).dump()) ==
        "C: field \"attention_types\" has \"sparse\", supported are global and local");
  CHECK(refusal(changed(file, {{"attention_types", {"global"}}}).dump()).find("is expected") != std::string::npos);
  CHECK(refusal(changed(file, {{"num_heads", 5}}).dump()) ==
        "C: field \"hidden_size\" is 48, which is not a multiple of \"num_heads\" 5");
}

TEST_CASE("mT5 is T5 1.1, and nothing scales its head's input", "[config_json]") {
  json const file = {{"model_type", "mt5"}, {"vocab_size", 96}, {"d_model", 16},  {"d_kv", 4},
                     {"d_ff", 24},          {"num_heads", 3},   {"num_layers", 2}};
  for (bool const tied : {false, true}) {
    config const c = read(changed(file, {{"tie_word_embeddings", tied}}));
    CHECK(c.family == family_kind::t5_v1_1);
    CHECK((c.gated && c.activation == activation_kind::gelu_tanh));
    CHECK(c.logit_scale == 1.0F);
    CHECK(c.tied);
  }
}

TEST_CASE("XLM-RoBERTa and CamemBERT have RoBERTa's positions", "[config_json]") {
  for (auto const* name : {"roberta", "xlm-roberta", "camembert"}) {
    config const c = read(changed(family("bert"), {{"model_type", name}, {"pad_token_id", 1}}));
    CHECK(c.family == family_kind::roberta);
    CHECK(c.first_position == 2);
    CHECK(c.positions == 38);
  }
}

TEST_CASE("every config read is valid by the rules of types", "[config_json]") {
  for (auto const* name :
       {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "phi3", "gpt_neox", "glm", "glm4", "bert"})
    CHECK(first_misfit(read(family(name))).empty());
  CHECK(first_misfit(read(gpt2_file)).empty());
  CHECK(first_misfit(read(chatglm())).empty());
}

TEST_CASE("the first ChatGLM has fields of its own", "[config_json]") {
  json const file = {{"model_type", "chatglm"}, {"vocab_size", 150528},     {"hidden_size", 48},
                     {"num_layers", 8},         {"num_attention_heads", 4}, {"inner_hidden_size", 80}};
  config const c = read(file);
  CHECK(c.family == family_kind::chatglm_6b);
  CHECK(c.prefix == prefix_config{150004, 150001, 150000});
  CHECK(c.residual_scale == 4.0F);
  CHECK(c.positions == 2048);
  CHECK(read(changed(file, {{"vocab_size", 130528}})).prefix == prefix_config{130004, 130001, 130000});
  CHECK(read(changed(file, {{"bos_token_id", 5}, {"gmask_token_id", 6}, {"mask_token_id", 7}})).prefix ==
        prefix_config{5, 6, 7});
  CHECK(refusal(changed(file, {{"vocab_size", 96}}).dump()) == "C: prefix: id 130004 is not within vocab=96");
  CHECK(refusal(changed(file, {{"position_encoding_2d", false}}).dump()) ==
        "C: field \"position_encoding_2d\" is false, only true is supported");
  CHECK(refusal(changed(file, {{"quantization_bit", 8}}).dump()) ==
        "C: field \"quantization_bit\" is 8, only unquantised checkpoints are supported");
}

TEST_CASE("ChatGLM2 and 3 have fields of their own", "[config_json]") {
  config const c = read(changed(chatglm(), {{"multi_query_group_num", 2},
                                            {"rope_ratio", 16},
                                            {"rmsnorm", false},
                                            {"add_qkv_bias", true},
                                            {"seq_length", 77},
                                            {"layernorm_epsilon", 0.01}}));
  CHECK(c.kv_heads == 2);
  CHECK(c.vocab == 96);
  CHECK(c.positions == 77);
  CHECK(c.norm_eps == 0.01F);
  CHECK((c.norm == norm_kind::layer_norm && c.norm_bias));
  CHECK((c.bias_qkv && !c.bias_attention_output && !c.bias_ffn));
  CHECK(c.rope.theta == 160000.0F);
  CHECK(c.rope.rotary_dims == 6);
  CHECK(c.rope.style == rope_style::interleaved);
  CHECK(read(chatglm()).kv_heads == 1);
  CHECK_FALSE(read(chatglm()).bias_qkv);
}
