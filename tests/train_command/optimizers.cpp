// Muon, averages, means over tokens, and conversations on the command line.
#include <catch2/catch_test_macros.hpp>
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

// Sums of two digits, as one asks for them.
fs::path sums() {
  fs::path const file = workshop() / "sums.jsonl";
  std::ofstream out(file);
  for (int i = 0; i < 400; ++i) {
    int const a = i * 7 % 4, b = i * 5 % 3;
    out << nlohmann::json{{"messages",
                           {{{"role", "user"}, {"content", std::to_string(a) + " + " + std::to_string(b)}},
                            {{"role", "assistant"}, {"content", "It is " + std::to_string(a + b) + "."}}}}}
               .dump()
        << "\n";
  }
  return file;
}

std::vector<std::string> answering(fs::path const& folder) {
  fs::path const model = workshop() / "answerer.json";
  std::ofstream(model) << R"({"n_layer": 1, "n_head": 2, "n_embd": 32, "bias": false, "block_size": 48})";
  return {command(),
          "train",
          model.string(),
          "--data",
          sums().string(),
          "-o",
          folder.string(),
          "--tokenizer",
          source("tests/text/fixtures/nanochat").string(),
          "--block-size",
          "48",
          "--batch-size",
          "8",
          "--steps",
          "200",
          "--learning-rate",
          "1e-2",
          "--warmup-iters",
          "20",
          "--eval-interval",
          "100",
          "--eval-iters",
          "2",
          "--temperature",
          "0"};
}

// Words of syllables, each one of three that the two before it tell.
fs::path grammar() {
  std::vector<std::string> const syllables{"ba", "ne", "ki", "lo", "tu", "ra", "se", "mi"};
  std::string text;
  unsigned state = 7, before = 0, last = 0;
  for (int i = 0; i < 16000; ++i) {
    state = state * 1103515245U + 12345U;
    unsigned const word = (before * 7 + last * 11 + (state >> 16) % 3 * 17) % 48;
    text += syllables[word % 8] + syllables[word / 8] + (word % 3 == 0 ? syllables[(word * 5 + 3) % 8] : "") +
            (i % 9 == 8 ? ".\n" : " ");
    before = last;
    last = word;
  }
  return written("grammar.txt", text);
}

// The loss of validation after 100 steps of a nanochat, as an optimizer moves it.
double loss_after(std::vector<std::string> const& optimizer) {
  fs::path const folder = fresh_folder("raced");
  fs::path const model =
      written("racer.json", R"({"n_layer": 4, "n_head": 2, "n_kv_head": 2, "n_embd": 64, "window_pattern": "L"})");
  std::vector<std::string> words{command(), "train", model.string(), "--data", grammar().string()};
  words.insert(words.end(), {"--tokenizer",
                             "chars",
                             "-o",
                             folder.string(),
                             "--block-size",
                             "64",
                             "--batch-size",
                             "16",
                             "--steps",
                             "100",
                             "--lr-decay-iters",
                             "300",
                             "--warmup-iters",
                             "20",
                             "--eval-interval",
                             "100",
                             "--eval-iters",
                             "8",
                             "--sample-tokens",
                             "0"});
  words.insert(words.end(), optimizer.begin(), optimizer.end());
  output_of(words, training_options());
  return log_of(folder).back().at("validation").get<double>();
}

}  // namespace

TEST_CASE("Muon is ahead of AdamW after as many steps, whatever AdamW's rate") {
  double const muon = loss_after({"--optimizer", "nanochat-muon", "--lr", "0.02", "--min-lr", "0.001", "--schedule",
                                  "trapezoid", "--warmdown-ratio", "0.65", "--weight-decay", "0", "--grad-clip", "0"});
  INFO("Muon " << muon);
  for (char const* const rate : {"4e-3", "8e-3", "1.6e-2"}) {  // 2e-3 is worse than the first, 3.2e-2 than the last
    double const adamw = loss_after({"--optimizer", "adamw", "--lr", rate, "--min-lr", "1e-4"});
    INFO("AdamW at " << rate << " " << adamw);
    CHECK(muon < adamw - 0.02);
  }
}

TEST_CASE("nanochat's Muon, an average of the weights and means over tokens: it learns, and goes on bit for bit") {
  std::vector<std::string> const knobs{"--optimizer",
                                       "nanochat-muon",
                                       "--matrix-lr",
                                       "0.02",
                                       "--embedding-lr",
                                       "0.01",
                                       "--unembedding-lr",
                                       "0.01",
                                       "--scalar-lr",
                                       "0.5",
                                       "--decay-schedule",
                                       "cosine",
                                       "--momentum",
                                       "0.95",
                                       "--momentum-start",
                                       "0.85",
                                       "--momentum-warmup",
                                       "30",
                                       "--schedule",
                                       "trapezoid",
                                       "--ema",
                                       "0.9",
                                       "--token-mean",
                                       "--gradient-accumulation-steps",
                                       "2",
                                       "--steps",
                                       "300",
                                       "--eval-interval",
                                       "100"};
  fs::path const folder = fresh_folder("muon");
  output_of(training(folder, knobs), training_options());
  auto const log = log_of(folder);
  CHECK(log.back().at("validation").get<double>() < log.front().at("validation").get<double>() - 1.5);
  std::string const state = read_text(folder / "run/state.safetensors");
  for (char const* const name : {"second_momentum_buffer/blocks.0.ffn.up.weight", "exp_avg/tokens.weight",
                                 "average/blocks.1.attention.query.weight"})
    CHECK(state.find(name) != std::string::npos);
  CHECK(state.find("second_momentum_buffer/tokens.weight") == std::string::npos);
  fs::path const stopped = fresh_folder("muon_stopped");
  check_resume(folder, stopped, training(stopped, knobs));
}

TEST_CASE("conversations: only replies are learnt, and the reply to an unseen one is right; it goes on bit for bit") {
  fs::path const folder = fresh_folder("answers");
  output_of(answering(folder), training_options());
  auto const log = log_of(folder);
  CHECK(log.back().at("validation").get<double>() < 0.4);
  std::string const sample = log.back().at("sample");
  INFO(sample);
  auto const plus = sample.find(" + ");
  REQUIRE(plus != std::string::npos);
  int const sum = sample[plus - 1] - '0' + sample[plus + 3] - '0';
  CHECK(sample.ends_with("> It is " + std::to_string(sum) + ".\n"));
  fs::path const stopped = fresh_folder("answers_stopped");
  auto words = answering(stopped);
  check_resume(folder, stopped, words);
}
