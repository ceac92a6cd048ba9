// Adapters of encoders and of encoder-decoders beside PEFT's.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

// As much as a batch holds, so that all batches are the same.
fs::path lines() {
  return written("eight_lines.txt",
                 "to be or not\nwhat is a man\nnow is the time\nso foul a day\nout you go\nit is she\na rose\nall\n");
}
fs::path pairs() {
  return written("eight_pairs.tsv", "abc\tCBA\nbad\tDAB\ncab\tBAC\nda\tAD\nbcd\tDCB\nac\tCA\nddb\tBDD\naab\tBAA\n");
}

struct adapted_model {
  std::string name, json, targets, batch;
  bool of_pairs;
};

std::vector<std::string> training_of(adapted_model const& model, fs::path const& from, fs::path const& folder) {
  std::string const data = (model.of_pairs ? pairs() : lines()).string();
  std::vector<std::string> out{command(),
                               "train",
                               from.string(),
                               "--data",
                               data,
                               "--validation",
                               data,
                               "-o",
                               folder.string(),
                               "--batch-size",
                               model.batch,
                               "--block-size",
                               "24",
                               "--eval-interval",
                               "0",
                               "--sample-tokens",
                               "0"};
  if (model.of_pairs) out.insert(out.end(), {"--max-source-length", "12"});
  return out;
}

// Of 20 steps of a model whose weights are not those that it would begin with.
void check_equal_to_peft(adapted_model const& model) {
  fs::path const base = fresh_folder(model.name + "_base"), folder = fresh_folder(model.name + "_adapted");
  auto words = training_of(model, written(model.name + ".json", model.json), base);
  words.insert(words.end(), {"--steps", "0", "--init", "xavier"});
  output_of(words, training_options());
  words = training_of(model, base, folder);
  words.insert(
      words.end(),
      {"--steps", "20",    "--lora",      "3",        "--lora-alpha",   "6",    "--lora-targets", model.targets,
       "--lr",    "1e-2",  "--schedule",  "constant", "--weight-decay", "0.01", "--beta1",        "0.9",
       "--beta2", "0.999", "--grad-clip", "0"});
  output_of(words, training_options());
  INFO(model.name);
  double const gap = std::stod(python_output("tests/train_command/check_lora.py", {folder.string(), base.string()}));
  CHECK(gap < 1e-4);
}

}  // namespace

TEST_CASE("adapters of BERT after 20 steps are PEFT's") {
  check_equal_to_peft({"adapted_bert", R"({"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 24})",
                       "query,key,value,intermediate.dense", "60", false});
}

TEST_CASE("adapters of encoder-decoders after 20 steps are PEFT's, those of cross-attention among them") {
  check_equal_to_peft({"adapted_t5", R"({"model_type": "t5", "num_layers": 2, "num_decoder_layers": 1, "d_model": 32,
    "d_kv": 16, "num_heads": 2, "d_ff": 48, "n_positions": 24})",
                       "q,v", "8", true});
  check_equal_to_peft({"adapted_marian", R"({"model_type": "marian", "encoder_layers": 1, "decoder_layers": 2,
    "d_model": 32, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64, "max_position_embeddings": 24, "activation_function": "relu", "scale_embedding": true})",
                       "q_proj,v_proj,k_proj,fc1", "8", true});
}
