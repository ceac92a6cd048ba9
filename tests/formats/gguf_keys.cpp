// Every key that the Python package gguf has for an architecture, for sampling and for a tokenizer, given to the reader
// of each: it is read, refused, or has a reason.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "checkpoint/readers/gguf_keys.hpp"
#include "checkpoint/readers/gguf_model.hpp"
#include "checkpoint/readers/gguf_sampling.hpp"
#include "constformer/checkpoint/generation_defaults.hpp"
#include "constformer/checkpoint/gguf.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/core/error.hpp"
#include "gguf_bytes.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
using gguf_test::f32;
using gguf_test::flag;
using gguf_test::i32;
using gguf_test::info;
using gguf_test::str;
using gguf_test::u32;
using nlohmann::json;

namespace {

constexpr int context = 32;

// A file of one layer: d_model 16, two heads, d_ff 16, three tokens. `entry` stands in the place of `key`.
std::string bytes_of_file(std::string const& architecture, std::string_view key = {}, std::string const& entry = {}) {
  std::vector<std::string> keys{str("general.architecture", architecture)};
  auto const add = [&](std::string const& name, std::string const& value) {
    if (name != key) keys.push_back(value);
  };
  std::string const a = architecture + ".";
  for (auto const& [name, value] : {std::pair{"block_count", 1U},
                                    {"context_length", unsigned{context}},
                                    {"embedding_length", 16U},
                                    {"feed_forward_length", 16U},
                                    {"attention.head_count", 2U},
                                    {"attention.relative_buckets_count", 8U}})
    if (architecture == "t5" || std::string_view(name) != "attention.relative_buckets_count")
      add(name, u32(a + name, value));
  bool const layer_norms = architecture == "gpt2" || architecture == "bert";
  std::string const epsilon = layer_norms ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
  add(epsilon, f32(a + epsilon, 1e-5F));
  if (!entry.empty()) keys.push_back(entry);
  return gguf_test::file(keys,
                         {info("token_embd.weight", {16, 3}, 0, 0), info("position_embd.weight", {16, 32}, 0, 192),
                          info("token_types.weight", {16, 2}, 0, 2240)},
                         std::string(2368, '\0'));
}

std::optional<gguf_model> read(std::string const& bytes, std::string* sentence = nullptr) {
  try {
    return read_gguf_model(read_gguf(bytes_of(bytes), "F"));
  } catch (error const& e) {
    if (sentence != nullptr) *sentence = e.what();
    return std::nullopt;
  }
}

std::string refusal(std::string const& architecture, std::string_view key, std::string const& entry) {
  std::string sentence;
  static_cast<void>(read(bytes_of_file(architecture, key, entry), &sentence));
  return sentence;
}

json names_of(char const* group) {
  return json::parse(read_all(fixtures().parent_path().parent_path() / "formats" / "gguf_keys.json")).at(group);
}

generation_defaults sampling(std::vector<std::string> const& entries) {
  return read_gguf_sampling(read_gguf(bytes_of(gguf_test::file(entries)), "F"));
}

config with(std::string const& architecture, std::vector<std::string> const& entries) {
  std::vector<std::string> keys{str("general.architecture", architecture),
                                u32(architecture + ".block_count", 1),
                                u32(architecture + ".context_length", context),
                                u32(architecture + ".embedding_length", 16),
                                u32(architecture + ".feed_forward_length", 16),
                                u32(architecture + ".attention.head_count", 2),
                                f32(architecture + ".attention.layer_norm_rms_epsilon", 1e-5F)};
  keys.insert(keys.end(), entries.begin(), entries.end());
  auto const model = read(gguf_test::file(keys, {info("token_embd.weight", {16, 3}, 0, 0)}, std::string(192, '\0')));
  REQUIRE(model);
  return model->model;
}

}  // namespace

TEST_CASE("gguf: every key of an architecture is read, refused or left unread for a reason", "[gguf]") {
  auto const architecture =
      GENERATE(as<std::string>{}, "llama", "qwen2", "qwen3", "phi3", "gpt2", "bert", "gemma", "gemma2", "t5");
  json const names = names_of("architecture");
  REQUIRE(names.size() > 80);
  auto const before = read(bytes_of_file(architecture));
  REQUIRE(before);
  CHECK(before->unread.empty());
  for (json const& name : names) {
    auto const key = name.get<std::string>();
    std::string const full = architecture + "." + key;
    for (std::string const& entry :
         {u32(full, 7), f32(full, 7.0F), flag(full, true), flag(full, false), str(full, "x")}) {
      auto const after = read(bytes_of_file(architecture, key, entry));
      if (!after || !(after->model == before->model)) continue;
      INFO(full);
      for (unread_key const& unread : after->unread) CHECK_FALSE(unread.why.empty());
    }
  }
}

TEST_CASE("gguf: a factor of rotary scaling counts without a type and by its first name", "[gguf]") {
  config const plain = with("llama", {});
  CHECK(plain.rope.scaling == rope_scaling_kind::none);
  for (auto const& entries :
       {std::vector{f32("llama.rope.scaling.factor", 4.0F)}, std::vector{f32("llama.rope.scale_linear", 4.0F)},
        std::vector{str("llama.rope.scaling.type", "linear"), f32("llama.rope.scale_linear", 4.0F)},
        std::vector{f32("llama.rope.scale_linear", 2.0F), f32("llama.rope.scaling.factor", 4.0F)}}) {
    config const c = with("llama", entries);
    CHECK(c.rope.scaling == rope_scaling_kind::linear);
    CHECK(c.rope.factor == 4.0F);
  }
  for (auto const& entries :
       {std::vector{str("llama.rope.scaling.type", "none"), f32("llama.rope.scaling.factor", 4.0F)},
        std::vector{f32("llama.rope.scaling.factor", 1.0F)}, std::vector{f32("llama.rope.scale_linear", 0.0F)},
        std::vector{str("llama.rope.scaling.type", "linear")}})
    CHECK(with("llama", entries) == plain);
  CHECK(refusal("llama", "", f32("llama.rope.scaling.factor", 0.5F)) ==
        "F: key llama.rope.scaling.factor is 0.500000, below 1");
}

TEST_CASE("gguf: yarn is what transformers makes of the same settings", "[gguf]") {
  config const ours = with("qwen2", {str("qwen2.rope.scaling.type", "yarn"), f32("qwen2.rope.scaling.factor", 4.0F),
                                     u32("qwen2.rope.scaling.original_context_length", 16)});
  json const file = {
      {"model_type", "qwen2"},
      {"vocab_size", 3},
      {"hidden_size", 16},
      {"intermediate_size", 16},
      {"num_hidden_layers", 1},
      {"num_attention_heads", 2},
      {"num_key_value_heads", 2},
      {"max_position_embeddings", context},
      {"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 16}}}};
  CHECK(ours.rope == read_hugging_face_config(file.dump(), "C").model.rope);
}

TEST_CASE("gguf: what llama.cpp's converters never wrote for an architecture is refused by its value", "[gguf]") {
  CHECK(refusal("llama", "", f32("llama.logit_scale", 16.0F)) ==
        "F: key llama.logit_scale is 16.000000, only 1 is supported");
  CHECK(refusal("llama", "", f32("llama.final_logit_softcapping", 30.0F)) ==
        "F: key llama.final_logit_softcapping is 30.000000, only 0 is supported");
  CHECK(refusal("llama", "", flag("llama.attention.causal", false)) ==
        "F: key llama.attention.causal is false, only true is supported");
  CHECK(refusal("llama", "", u32("llama.attention.sliding_window", 8)) ==
        "F: key llama.attention.sliding_window is 8, windows below the context of 32 are not supported for llama");
  CHECK(refusal("llama", "", f32("llama.attention.scale", 0.5F)) ==
        "F: key llama.attention.scale is 0.500000, scores are multiplied by 0.353553");
  CHECK(refusal("llama", "", u32("llama.expert_count", 8)) ==
        "F: key llama.expert_count asks for a mixture of experts, which is not supported");
  CHECK(with("llama", {u32("llama.expert_count", 0), u32("llama.expert_used_count", 0)}) == with("llama", {}));
  CHECK(with("llama", {f32("llama.attention.scale", 1 / std::sqrt(8.0F)), f32("llama.logit_scale", 1.0F),
                       u32("llama.attention.sliding_window", context)}) == with("llama", {}));
}

TEST_CASE("gguf: a key that nobody knows is listed without a reason", "[gguf]") {
  auto const model = read(bytes_of_file("llama", "", u32("llama.tuned_by", 3)));
  REQUIRE(model);
  REQUIRE(model->unread.size() == 1);
  CHECK(model->unread[0].key == "llama.tuned_by");
  CHECK(model->unread[0].value == "3");
  CHECK(model->unread[0].why.empty());
}

// What llama.cpp makes of them (common_init_from_params): each replaces its own default.
TEST_CASE("gguf: what a file asks of sampling is the program's default", "[gguf]") {
  auto const asked =
      sampling({f32("general.sampling.temp", 0.6F), i32("general.sampling.top_k", 20),
                f32("general.sampling.top_p", 0.95F), f32("general.sampling.min_p", 0.0F),
                f32("general.sampling.penalty_repeat", 1.1F), i32("general.sampling.penalty_last_n", 128)});
  CHECK(asked.from == "general.sampling");
  CHECK(asked.temperature == 0.6F);
  CHECK(asked.top_k == 20);
  CHECK(asked.top_p == 0.95F);
  CHECK(asked.min_p == 0.0F);
  CHECK(asked.repetition_penalty == 1.1F);
  CHECK(asked.repetition_window == 128);
  CHECK_FALSE(asked.do_sample);
  CHECK(sampling({}) == generation_defaults{});
  CHECK(sampling({f32("general.sampling.temp", -1.0F)}).temperature == 0.0F);
  CHECK(sampling({i32("general.sampling.top_k", -1)}).top_k == 0);
  CHECK(sampling({f32("general.sampling.penalty_repeat", 1.3F)}).repetition_window == 64);
}

TEST_CASE("gguf: samplers that are not supported are refused by their key", "[gguf]") {
  auto const sentence = [](std::string const& entry) {
    return sentence_of([&] { static_cast<void>(sampling({entry})); });
  };
  CHECK(sentence(i32("general.sampling.mirostat", 2)) ==
        "F: key general.sampling.mirostat is 2, mirostat is not supported");
  CHECK(sentence(f32("general.sampling.xtc_probability", 0.5F)) ==
        "F: key general.sampling.xtc_probability is 0.500000, exclusion of top choices is not supported");
  CHECK(sentence(str("general.sampling.sequence", "temperature;top_p")) ==
        "F: key general.sampling.sequence is \"temperature;top_p\", supported is "
        "penalties;top_k;top_p;min_p;temperature");
  CHECK(sentence(f32("general.sampling.top_p", -1.0F)) ==
        "F: key general.sampling.top_p is -1.000000, it must be between 0.000000 and 1000000.000000");
  CHECK(sampling({str("general.sampling.sequence", "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature"),
                  i32("general.sampling.mirostat", 0)}) == generation_defaults{});
}

namespace {

struct treatment {
  char const* keys;  ///< with blanks between them
  char const* what;  ///< "read", or why it cannot matter
};

constexpr treatment of_sampling[]{
    {"temp top_k top_p min_p penalty_repeat penalty_last_n", "read"},
    {"sequence mirostat xtc_probability xtc_threshold", "read, and refused where they ask for other samplers"},
    {"mirostat_tau mirostat_eta", "of mirostat, which is refused"},
};

constexpr treatment of_tokenizers[]{
    {"chat_template ggml.add_bos_token ggml.add_eos_token ggml.add_space_prefix ggml.bos_token_id ggml.eom_token_id "
     "ggml.eos_token_id ggml.eot_token_id ggml.mask_token_id ggml.merges ggml.model ggml.padding_token_id ggml.pre "
     "ggml.precompiled_charsmap ggml.remove_extra_whitespaces ggml.scores ggml.seperator_token_id ggml.token_type "
     "ggml.tokens ggml.unknown_token_id",
     "read"},
    {"chat_templates", "the names of the others, which are found by their keys"},
    {"ggml.add_sep_token", "of pairs, which the architecture decides"},
    {"ggml.token_type_count", "the rows of token_types say it"},
    {"ggml.fim_mid_token_id ggml.fim_pad_token_id ggml.fim_pre_token_id ggml.fim_rep_token_id ggml.fim_sep_token_id "
     "ggml.fim_suf_token_id ggml.middle_token_id ggml.prefix_token_id ggml.suffix_token_id",
     "of texts with a hole, which no program takes"},
    {"huggingface.json", "a copy of tokenizer.json, which llama.cpp does not read either"},
    {"rwkv.world", "of an architecture that is not read"},
};

std::set<std::string> all_of(std::span<treatment const> table) {
  std::set<std::string> out;
  for (treatment const& t : table) {
    std::istringstream list(t.keys);
    for (std::string key; list >> key;) CHECK(out.insert(key).second);
  }
  return out;
}

}  // namespace

TEST_CASE("gguf: every key of sampling and of tokenizers is read, refused or of no account", "[gguf]") {
  CHECK(all_of(of_sampling) == names_of("sampling").get<std::set<std::string>>());
  CHECK(all_of(of_tokenizers) == names_of("tokenizer").get<std::set<std::string>>());
}
