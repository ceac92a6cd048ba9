#include "constformer/checkpoint/open.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "constformer/analysis/parameters.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/kinds.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
namespace fs = std::filesystem;

namespace {

char const* const llama_config =
    R"({"model_type":"llama","vocab_size":3,"hidden_size":4,"intermediate_size":5,"num_hidden_layers":1,"num_attention_heads":2,)"
    R"("tie_word_embeddings":true})";
char const* const bert_config =
    R"({"model_type":"bert","vocab_size":3,"hidden_size":4,"intermediate_size":5,"num_hidden_layers":1,"num_attention_heads":2,)"
    R"("max_position_embeddings":6})";

part matrix(std::string name, int rows, int columns, float first = 0) {
  auto const shape = shape_text(std::vector<std::int64_t>{rows, columns});
  return {std::move(name), "F32", shape, counting(static_cast<std::size_t>(rows * columns), first)};
}

checkpoint open(scratch_folder const& folder, char const* config_text, std::vector<part> const& parts) {
  folder.write("config.json", config_text);
  folder.write("model.safetensors", safetensors(parts));
  return open_checkpoint(folder.path());
}

// A fixture is a Hugging Face folder, or a folder around one file.
fs::path checkpoint_in(fs::path const& fixture) {
  for (auto const& file : fs::directory_iterator(fixture))
    if (file.path().filename() == "model.bin" || file.path().extension() == ".pt") return file.path();
  return fixture;
}

// What a bare state_dict does not say.
open_options options_of(fs::path const& fixture) {
  open_options options;
  if (fixture.filename() == "gpt_state") options.heads = 3;
  return options;
}

}  // namespace

TEST_CASE("every parity fixture opens, and holds as many numbers as its config asks for", "[open]") {
  int opened = 0;
  for (auto const& entry : fs::directory_iterator(fixtures())) {
    if (!entry.is_directory()) continue;
    INFO(entry.path().filename().string());
    auto const c = open_checkpoint(checkpoint_in(entry.path()), options_of(entry.path()));
    std::int64_t values = 0;
    for (auto const& tensor : c.tensors) values += count_of(tensor.shape);
    CHECK(values == parameter_count(c.model));
    CHECK(std::ranges::is_sorted(c.tensors, {}, &tensor_view::name));
    ++opened;
  }
  CHECK(opened > 50);
}

TEST_CASE("prefixes, saved buffers and old names", "[open]") {
  static_cast<void>(fixtures());  // skips here, where no CHECK is in the way
  CHECK(open_checkpoint(fixtures() / "gpt2_first_names").prefix.empty());
  CHECK(open_checkpoint(fixtures() / "gpt2_first_names").unread.size() == 2);
  CHECK(open_checkpoint(fixtures() / "gpt2_plain").prefix == "transformer.");
  CHECK(open_checkpoint(fixtures() / "gpt2_plain").linear_in_out);
  CHECK(open_checkpoint(fixtures() / "llama_mha").prefix == "model.");
  CHECK(open_checkpoint(fixtures() / "bert_plain").prefix.empty());
  CHECK(open_checkpoint(fixtures() / "bert_prefixed").prefix == "bert.");
  CHECK(open_checkpoint(fixtures() / "bert_no_pooler").model.pooler == false);
  CHECK(open_checkpoint(fixtures() / "bert_plain").model.pooler);
  auto const first_names = open_checkpoint(fixtures() / "bert_first_names");
  CHECK(first_names.find("bert.embeddings.LayerNorm.weight") != nullptr);
  CHECK(first_names.find("bert.embeddings.LayerNorm.gamma") == nullptr);
  auto const positions = open_checkpoint(fixtures() / "bert_saved_positions");
  REQUIRE(positions.unread.size() == 1);
  CHECK(positions.unread[0].type == "I64");
  CHECK(open_checkpoint(fixtures() / "llama_sharded").files.size() == 3);
}

TEST_CASE("a tied head that is stored too", "[open]") {
  scratch_folder const folder;
  auto const same =
      open(folder, llama_config, {matrix("model.embed_tokens.weight", 3, 4), matrix("lm_head.weight", 3, 4)});
  CHECK(same.model.tied);
  CHECK(same.find("lm_head.weight") == nullptr);
  REQUIRE(same.unread.size() == 1);
  CHECK(same.unread[0].name == "lm_head.weight");
  auto const differs =
      open(folder, llama_config, {matrix("model.embed_tokens.weight", 3, 4), matrix("lm_head.weight", 3, 4, 1)});
  CHECK_FALSE(differs.model.tied);
  CHECK(differs.find("lm_head.weight") != nullptr);
  auto const head_only = open(folder, llama_config, {matrix("lm_head.weight", 3, 4, 7)});
  CHECK(head_only.model.tied);
  CHECK(head_only.find("model.embed_tokens.weight") != nullptr);
  CHECK(head_only.find("lm_head.weight") == nullptr);
}

TEST_CASE("heads for training are not read, and what is no number is refused where it matters", "[open]") {
  scratch_folder const folder;
  auto const c = open(folder, bert_config,
                      {matrix("bert.embeddings.word_embeddings.weight", 3, 4),
                       matrix("cls.predictions.decoder.weight", 3, 4),
                       {"bert.embeddings.position_ids", "I64", "[1,6]", std::string(48, '\0')}});
  CHECK(c.tensors.size() == 1);
  CHECK(c.unread.size() == 2);
  CHECK(sentence_of(
            [&] {
              static_cast<void>(
                  open(folder, bert_config,
                       {{"bert.embeddings.word_embeddings.weight", "I8", "[3,4]", std::string(12, 'x')}}));
            },
            folder.path())
            .ends_with(": bert.embeddings.word_embeddings.weight is I8, only F32, F16 and BF16 are read"));
  CHECK(sentence_of([&] {
          static_cast<void>(
              open(folder, bert_config,
                   {matrix("embeddings.LayerNorm.gamma", 1, 4), matrix("embeddings.LayerNorm.weight", 1, 4)}));
        }).ends_with(": holds embeddings.LayerNorm.weight under two names"));
}

TEST_CASE("files that are not there", "[open]") {
  scratch_folder const folder;
  auto const refusal = [&](fs::path const& path, open_options const& options = {}) {
    return sentence_of([&] { static_cast<void>(open_checkpoint(path, options)); }, folder.path());
  };
  CHECK(refusal(folder / "nothing") == "nothing: No such file or directory");
  CHECK(refusal(folder.path()) == "config.json: No such file or directory");
  folder.write("config.json", "");
  CHECK(refusal(folder.path()) == "config.json: the file is empty");
  folder.write("config.json", llama_config);
  CHECK(refusal(folder.path())
            .ends_with("has neither model.safetensors nor pytorch_model.bin, whole or as shards with an index"));
  folder.write("model.safetensors", safetensors({matrix("model.embed_tokens.weight", 3, 4)}));
  CHECK(refusal(folder.path()) == "no error");
  CHECK(refusal(folder.path(), {folder / "tok"}) == "tok: no such tokenizer");
  folder.write("generation_config.json", "[]");
  CHECK(refusal(folder.path()) == "generation_config.json: [] is not a JSON object");
}

TEST_CASE("tokenizer files beside the weights, or given", "[open]") {
  scratch_folder const folder;
  for (char const* name : {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"})
    folder.write(name, "x");
  auto const c = open(folder, llama_config, {matrix("model.embed_tokens.weight", 3, 4)});
  CHECK(c.tokenizer.tokenizer_json == folder / "tokenizer.json");
  CHECK(c.tokenizer.merges_txt == folder / "merges.txt");
  CHECK(c.tokenizer.vocab_txt.empty());
  CHECK(c.tokenizer.summary() == "tokenizer.json + vocab.json + merges.txt");
  auto const given = open_checkpoint(folder.path(), {folder.write("t.bin", "x")});
  CHECK(given.tokenizer.given == folder / "t.bin");
  CHECK(given.tokenizer.tokenizer_json.empty());
  CHECK(given.tokenizer.summary() == "t.bin");
  scratch_folder const other;
  other.write("vocab.txt", "x");
  auto const folder_given = open_checkpoint(folder.path(), {other.path()});
  CHECK(folder_given.tokenizer.given == other.path());
  CHECK(folder_given.tokenizer.summary() == "vocab.txt");
}

// Neither folder has a config.json; the sizes are those of their SOURCE.txt.
TEST_CASE("the two layouts of GPT-2's linear layers in real files", "[open][shared]") {
  CF_NEED_SHARED();
  auto const open_with = [](char const* name, char const* config_text) {
    scratch_folder const folder;
    folder.write("config.json", config_text);
    fs::create_symlink(shared_data() / name / "derived" / "model.safetensors", folder / "model.safetensors");
    return open_checkpoint(folder.path());
  };
  auto const makemore = open_with(
      "makemore-induction-gpt2",
      R"({"model_type":"gpt2","vocab_size":27,"n_embd":64,"n_layer":2,"n_head":1,"n_positions":32,"tie_word_embeddings":false})");
  CHECK_FALSE(makemore.linear_in_out);
  CHECK(makemore.prefix == "transformer.");
  CHECK(makemore.unread.size() == 2);
  auto const tiny =
      open_with("tiny-gpt2-ort",
                R"({"model_type":"gpt2","vocab_size":1000,"n_embd":32,"n_layer":5,"n_head":4,"n_positions":512})");
  CHECK(tiny.linear_in_out);
  for (auto const* c : {&makemore, &tiny}) {
    std::int64_t values = 0;
    for (auto const& tensor : c->tensors) values += count_of(tensor.shape);
    CHECK(values == parameter_count(c->model));
  }
}
