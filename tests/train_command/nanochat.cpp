// nanochat as it is today: trained from its own sizes, left in its own files, fine-tuned, built and asked.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
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

// Bytes, 35 merges, and nanochat's nine special tokens.
fs::path tokens() {
  fs::path const folder = fresh_folder("tokens");
  std::vector<std::string> words{command(),
                                 "train-tokenizer",
                                 small_text().string(),
                                 "-o",
                                 folder,
                                 "--vocab-size",
                                 "300",
                                 "--pattern",
                                 "nanochat",
                                 "--order",
                                 "rustbpe",
                                 "--special",
                                 "<|bos|>"};
  for (std::string const name : {"user", "assistant", "python", "output"})
    for (char const* const end : {"_start|>", "_end|>"}) words.insert(words.end(), {"--special", "<|" + name + end});
  output_of(words);
  return folder;
}

fs::path sizes() {
  fs::path const file = workshop() / "tiny_chat.json";
  std::ofstream(file) << R"({"n_layer": 2, "n_head": 2, "n_kv_head": 1, "n_embd": 32, "window_pattern": "SL"})";
  return file;
}

fs::path conversations() {
  fs::path const file = workshop() / "colours.jsonl";
  std::ofstream out(file);
  std::vector<std::pair<std::string, std::string>> const talk{
      {"What is red?", "A rose."}, {"What is green?", "The grass."}, {"What is blue?", "The sky."}};
  for (int i = 0; i < 40; ++i)
    for (auto const& [question, answer] : talk)
      out << nlohmann::json{{"messages",
                             {{{"role", "user"}, {"content", question}}, {{"role", "assistant"}, {"content", answer}}}}}
                 .dump()
          << "\n";
  return file;
}

std::vector<std::string> pre_training(fs::path const& from, fs::path const& tokenizer, fs::path const& folder,
                                      std::string const& steps) {
  return {command(),
          "train",
          from,
          "--data",
          small_text().string(),
          "--data-kind",
          "documents",
          "--tokenizer",
          tokenizer,
          "-o",
          folder,
          "--block-size",
          "64",
          "--batch-size",
          "4",
          "--steps",
          steps,
          "--eval-interval",
          "20",
          "--eval-iters",
          "2",
          "--optimizer",
          "nanochat-muon",
          "--sample-tokens",
          "8"};
}

nlohmann::json meta_of(fs::path const& folder, std::string const& step) {
  return read_json(folder / ("meta_" + step + ".json"));
}

}  // namespace

TEST_CASE("nanochat's own folder: its files, its losses and tokens by torch and tiktoken; it is gone on from") {
  fs::path const tokenizer = tokens(), base = fresh_folder("base");
  output_of(pre_training(sizes(), tokenizer, base, "40"), training_options());
  CHECK(names_in(base) == std::vector<std::string>{"log.jsonl", "loss.svg", "meta_000040.json", "model_000040.pt",
                                                   "optim_000040_rank0.pt", "run", "samples.txt", "tokenizer.json",
                                                   "tokenizer.pkl", "tokenizer_config.json"});
  auto const meta = meta_of(base, "000040");
  CHECK(meta.at("model_config") == nlohmann::json{{"sequence_len", 64},
                                                  {"vocab_size", 300},
                                                  {"n_layer", 2},
                                                  {"n_head", 2},
                                                  {"n_kv_head", 1},
                                                  {"n_embd", 32},
                                                  {"window_pattern", "SL"}});
  CHECK(meta.at("bos_token_id") == 291);
  CHECK(meta.at("eos_token_id") == nlohmann::json{295, 291});
  CHECK(meta.at("val_bpb") == log_of(base).back().at("bits_per_byte"));

  fs::path const again = fresh_folder("base_again");
  auto words = pre_training(base, tokenizer, again, "0");  // the batch that validates is the first one, too
  *(std::ranges::find(words, "--eval-iters") + 1) = "1";
  words.insert(words.end(), {"--validation", small_text().string()});
  output_of(words, training_options());
  auto const first = log_of(again).front();
  std::istringstream lines(
      python_output("tests/train_command/check_nanochat.py",
                    {again.string(), (again / "run/state.safetensors").string(), "I'll say 12345 words."}));
  double loss = 0.0, bits = 0.0;
  std::string ids;
  lines >> loss >> bits >> std::ws;
  std::getline(lines, ids);
  CHECK_THAT(first.at("train").get<double>(), Catch::Matchers::WithinRel(loss, 1e-5));
  CHECK_THAT(first.at("bits_per_byte").get<double>(), Catch::Matchers::WithinRel(bits, 1e-5));
  CHECK(output_of({command(), "tokenize", again.string(), "-p", "I'll say 12345 words.", "--no-special"}) ==
        ids + "\n");
}

TEST_CASE("nanochat's optimizer is gone on from with the same bits, as torch has written it, too") {
  // Documents that are all alike, so that batches are: nanochat's place in its data is none in ours.
  std::string documents;
  for (int i = 0; i < 400; ++i)
    documents += R"({"text": "The quick brown fox jumps over the lazy dog, again."})"
                 "\n";
  fs::path const tokenizer = tokens(), whole = fresh_folder("optimizer_whole"), half = fresh_folder("optimizer_half");
  auto const words = [&, data = written("alike.jsonl", documents).string()](
                         std::vector<std::string> const& from, fs::path const& folder, std::string const& steps) {
    std::vector<std::string> out{command(), "train"};
    out.insert(out.end(), from.begin(), from.end());
    for (auto const& [option, value] : std::vector<std::pair<std::string, std::string>>{{"--data", data},
                                                                                        {"-o", folder.string()},
                                                                                        {"--steps", steps},
                                                                                        {"--tokenizer", tokenizer},
                                                                                        {"--recipe", "nanochat"},
                                                                                        {"--data-kind", "documents"},
                                                                                        {"--block-size", "64"},
                                                                                        {"--batch-size", "4"},
                                                                                        {"--lr-decay-iters", "40"},
                                                                                        {"--eval-iters", "1"},
                                                                                        {"--sample-tokens", "0"}})
      out.insert(out.end(), {option, value});
    return out;
  };
  output_of(words({sizes().string()}, whole, "40"), training_options());
  output_of(words({sizes().string()}, half, "20"), training_options());
  auto const check_rest = [&](char const* name) {
    fs::path const rest = fresh_folder(name);
    output_of(words({"--resume", (half / "model_000020.pt").string()}, rest, "40"), training_options());
    for (char const* const file : {"model_000040.pt", "optim_000040_rank0.pt"})
      CHECK(read_text(rest / file) == read_text(whole / file));
  };
  check_rest("optimizer_rest");
  auto wrong = words({"--resume", (half / "model_000020.pt").string()}, fresh_folder("optimizer_wrong"), "40");
  wrong.insert(wrong.end(), {"--optimizer", "adamw"});
  wrong.erase(wrong.begin());
  CHECK(refusal(wrong, 1, training_options()) ==
        "--resume: nanochat's optimizer is nanochat-muon, --optimizer is adamw");
  finished const theirs = run({source("tools/python").string(),
                               source("tests/train_command/check_nanochat_optimizer.py").string(), half.string()});
  if (theirs.status == 77) SKIP("there is no torch");
  INFO(theirs.err);
  REQUIRE(theirs.status == 0);
  check_rest("optimizer_rest_by_torch");
}

TEST_CASE("fine-tuning goes on from a checkpoint of nanochat's, and the program of it answers in form") {
  fs::path const tokenizer = tokens(), base = fresh_folder("chat_base"), tuned = fresh_folder("tuned");
  output_of(pre_training(sizes(), tokenizer, base, "40"), training_options());
  output_of({command(),
             "train",
             base,
             "--data",
             conversations().string(),
             "-o",
             tuned,
             "--recipe",
             "sft",
             "--optimizer",
             "adamw",
             "--learning-rate",
             "1e-2",
             "--block-size",
             "64",
             "--batch-size",
             "4",
             "--steps",
             "100",
             "--eval-interval",
             "50",
             "--eval-iters",
             "2"},
            training_options());
  auto const log = log_of(tuned);
  CHECK(log.back().at("validation").get<double>() < 0.1);
  CHECK(log.back().at("bits_per_byte").get<double>() < log.front().at("bits_per_byte").get<double>());
  CHECK(meta_of(tuned, "000100").at("model_config") == meta_of(base, "000040").at("model_config"));
  std::string const built = program("tuned_chat", tuned, {"--ctx-size", "64"});
  run_options options;
  options.input = "What is green?\nWhat is blue?\n";
  finished const spoken = run({built, "chat", "--temp", "0"}, options);
  INFO(spoken.err);
  CHECK(spoken.status == 0);
  CHECK(spoken.out == "The grass.\nThe sky.\n");
}

TEST_CASE("nanochat's first weights are those that torch's generator draws for its init_weights") {
  fs::path const folder = fresh_folder("drawn");
  output_of(pre_training(sizes(), tokens(), folder, "0"), training_options());
  double const gap = std::stod(python_output("tests/train_command/check_nanochat_start.py", {folder.string()}));
  CHECK(gap < 1e-6);  // of a tensor's largest; logarithms differ in the last bit
}
