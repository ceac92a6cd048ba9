// Adapters of real checkpoints beside PEFT's: all-MiniLM as an encoder that fills masks, and stories260K.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoints.hpp"
#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

// 20 steps whose batches are all the same.
void check_adapters(std::string const& name, fs::path const& base, std::vector<std::string> const& more) {
  fs::path const folder = fresh_folder(name + "_adapted");
  std::vector<std::string> words{command(), "train", base.string(), "-o", folder.string()};
  words.insert(words.end(), more.begin(), more.end());
  words.insert(words.end(),
               {"--steps",     "20",       "--lora",          "4",    "--lora-alpha",    "8",   "--lr",    "1e-3",
                "--schedule",  "constant", "--weight-decay",  "0.01", "--beta1",         "0.9", "--beta2", "0.999",
                "--grad-clip", "0",        "--eval-interval", "0",    "--sample-tokens", "0",   "-t",      "2"});
  output_of(words, training_options());
  double const gap = std::stod(python_output("tests/train_command/check_lora.py", {folder.string(), base.string()}));
  INFO(name << ": " << gap);
  CHECK(gap < 1e-4);
}

}  // namespace

TEST_CASE("adapters of all-MiniLM after 20 steps are PEFT's") {
  fs::path const base = fresh_folder("minilm_base");
  // A masked language model of its weights, whose head is drawn: the package has none.
  python_output("tests/train_command/make_masked.py", {minilm().string(), base.string()});
  std::string const text =
      written("two_lines.txt", "the river runs through the old town\nshe plays the piano\n").string();
  check_adapters("minilm", base,
                 {"--data", text, "--validation", text, "--batch-size", "20", "--block-size", "16", "--lora-targets",
                  "query,value"});
}

TEST_CASE("adapters of stories260K after 20 steps are PEFT's") {
  fs::path const folder = shared_data("stories260K"), base = fresh_folder("stories_base");
  output_of({command(), "export", (folder / "stories260K.bin").string(), "-o", base.string()});
  std::string documents;
  for (int i = 0; i < 400; ++i)
    documents += R"({"text": "Once upon a time there was a little girl who liked to play outside in the park."})"
                 "\n";
  check_adapters("stories", base,
                 {"--data", written("stories_alike.jsonl", documents).string(), "--data-kind", "documents",
                  "--tokenizer", (folder / "tok512.bin").string(), "--batch-size", "4", "--block-size", "32",
                  "--lora-targets", "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"});
}
