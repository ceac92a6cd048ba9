// The losses of every step beside those of PyTorch, from the same weights on the same batches: short forms of what
// docs/training.md tells of 500 steps.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

constexpr char const* steps = "25";

// Runs `words` behind a model's JSON twice, of no steps and of all, and PyTorch from what the first leaves.
void check_curve(std::string const& name, std::string const& json, std::vector<std::string> const& words) {
  fs::path const file = workshop() / (name + ".json");
  std::ofstream(file) << json;
  fs::path const start = fresh_folder(name + "_start"), folder = fresh_folder(name), theirs = folder / "torch.jsonl";
  for (auto const& [to, count] : {std::pair(start, "0"), std::pair(folder, steps)}) {
    std::vector<std::string> all{command(),
                                 "train",
                                 file.string(),
                                 "--data",
                                 small_text().string(),
                                 "--tokenizer",
                                 "chars",
                                 "--batch-size",
                                 "8",
                                 "--block-size",
                                 "48",
                                 "--steps",
                                 count,
                                 "-o",
                                 to.string(),
                                 "--lr-decay-iters",
                                 steps,
                                 "--log-interval",
                                 "1",
                                 "--sample-tokens",
                                 "0",
                                 "--eval-iters",
                                 "2"};
    all.insert(all.end(), words.begin(), words.end());
    output_of(all, training_options());
  }
  python_output("bench/learning/torch_curve.py", {start.string(), folder.string(), theirs.string()});
  std::ifstream in(theirs);
  int compared = 0;
  for (auto const& ours : log_of(folder)) {
    if (!ours.contains("loss")) continue;
    std::string line;
    REQUIRE(std::getline(in, line));
    auto const other = nlohmann::json::parse(line);
    INFO("step " << ours["step"]);
    REQUIRE(ours["step"] == other["step"]);
    CHECK_THAT(ours["loss"].get<double>(), Catch::Matchers::WithinRel(other["loss"].get<double>(), 1e-3));
    ++compared;
  }
  CHECK(compared == 25);
}

}  // namespace

TEST_CASE("a Llama of stories260K's make learns step by step as PyTorch's") {
  check_curve("small_stories", R"({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 32,
    "intermediate_size": 88, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 48, "rms_norm_eps": 1e-5, "tie_word_embeddings": true, "hidden_act": "silu"})",
              {"--recipe", "llama2c", "--order", "in-order", "--gradient-accumulation-steps", "1", "--learning-rate",
               "5e-3", "--warmup-iters", "5"});
}

TEST_CASE("BERT learns to fill masked letters step by step as PyTorch's") {
  check_curve("small_masks", R"({"model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_size": 32,
    "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 48,
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})",
              {"--optimizer", "adamw", "--weight-decay", "0.01", "--beta1", "0.9", "--beta2", "0.999", "--eps", "1e-6",
               "--learning-rate", "5e-3", "--schedule", "linear", "--warmup-iters", "5"});
}
