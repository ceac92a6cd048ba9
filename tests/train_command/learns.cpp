// What a run leaves, and that it learns as the originals do.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <filesystem>
#include <numbers>
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

std::string word(nlohmann::json const& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// As /proc/cpuinfo has it.
bool multiplies_bf16() { return read_text("/proc/cpuinfo").find("avx512_bf16") != std::string::npos; }

}  // namespace

TEST_CASE("nanoGPT's losses to the digits that it prints: initialisation, batches, AdamW, schedule, accumulation") {
  auto const expected = read_json(source("tests/train_command/nanogpt.json"));
  fs::path const folder = fresh_folder("as_nanogpt");
  std::vector<std::string> words{"--steps", word(expected["knobs"]["max_iters"])};
  for (auto const& [key, value] : expected["knobs"].items()) {
    if (key == "max_iters") continue;
    std::string name = "--" + key;
    for (char& c : name) c = c == '_' ? '-' : c;
    if (name == "--batch-size") continue;  // as all tests have it
    words.insert(words.end(), {name, word(value)});
  }
  output_of(training(folder, words), training_options());
  int compared = 0;
  for (auto const& line : log_of(folder)) {
    if (!line.contains("train")) continue;
    auto const& theirs = expected["evaluations"].at(line["step"].dump());
    INFO("step " << line["step"]);
    CHECK_THAT(line["train"].get<double>(), Catch::Matchers::WithinAbs(theirs[0].get<double>(), 2e-4));
    CHECK_THAT(line["validation"].get<double>(), Catch::Matchers::WithinAbs(theirs[1].get<double>(), 2e-4));
    ++compared;
  }
  CHECK(compared == 5);
}

TEST_CASE("a run leaves a folder that build reads, a log, a chart and samples") {
  fs::path const folder = fresh_folder("left");
  std::string const out = output_of(training(folder, {"--log-interval", "4"}), training_options());
  CHECK(out.starts_with("small: 27,616 parameters, 128 tokens and "));
  CHECK(out.find("step 24: train loss ") != std::string::npos);
  CHECK(names_in(folder) == std::vector<std::string>{"config.json", "log.jsonl", "loss.svg", "model.safetensors", "run",
                                                     "samples.txt", "tokenizer.json", "tokenizer_config.json"});
  auto const log = log_of(folder);
  CHECK(log.size() == 4 + 6);  // evaluations at 0, 8, 16, 24; steps 4, 8 …
  double const last = log.back().at("validation");
  CHECK(last < log.front().at("validation").get<double>());
  CHECK_THAT(log.back().at("bits_per_byte").get<double>(),  // of characters that are a byte each
             Catch::Matchers::WithinRel(last / std::numbers::ln2, 1e-12));
  std::string const chart = read_text(folder / "loss.svg");
  CHECK(chart.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(chart.find("class=\"validation\" points=") != std::string::npos);
  CHECK(read_text(folder / "samples.txt").starts_with("--- step 0\n"));
  std::string const built = program("trained", folder, {"--ctx-size", "32"});
  CHECK(output_of({built, "-p", "First", "-n", "8", "--temp", "0"}).size() > 5);
}

TEST_CASE("transformers reads the folder, and finds the loss that the program of it finds") {
  fs::path const folder = fresh_folder("for_transformers");
  output_of(training(folder, {"--steps", "100", "--eval-interval", "50", "--learning-rate", "1e-2"}),
            training_options());
  double const theirs = std::stod(
      python_output("tests/train_command/check_transformers.py", {folder.string(), small_text().string(), "32"}));
  fs::path const same = fresh_folder("evaluated");  // blocks in order, from the first
  std::string const out = output_of({command(),
                                     "train",
                                     folder.string(),
                                     "--data",
                                     small_text().string(),
                                     "-o",
                                     same.string(),
                                     "--order",
                                     "in-order",
                                     "--batch-size",
                                     "4",
                                     "--block-size",
                                     "32",
                                     "--eval-iters",
                                     "5",
                                     "--steps",
                                     "0",
                                     "--validation",
                                     small_text().string(),
                                     "--sample-tokens",
                                     "0"},
                                    training_options());
  auto const log = log_of(same);
  CHECK_THAT(log.back().at("validation").get<double>(), Catch::Matchers::WithinAbs(theirs, 1e-4));
}

TEST_CASE("a checkpoint is gone on from: its loss at first is its own, and its tokenizer stays") {
  fs::path const folder = fresh_folder("gone_on");
  output_of({command(), "train", source("models/shakespeare").string(), "--data", small_text().string(), "-o",
             folder.string(), "--recipe", "nanogpt", "--block-size", "64", "--batch-size", "4", "--eval-iters", "10",
             "--steps", "2", "--sample-tokens", "0"},
            training_options());
  auto const first = log_of(folder).front();
  CHECK(first.at("train").get<double>() < 1.6);  // a model that has read the text
  CHECK(read_text(folder / "chars.json") == read_text(source("models/shakespeare/chars.json")));
  CHECK(read_text(folder / "config.json") == read_text(source("models/shakespeare/config.json")));
}

TEST_CASE("a traced model of one's own is trained from its header and keeps its own names") {
  fs::path const folder = fresh_folder("own");
  std::string const out =
      output_of({command(), "train", source("tests/train_command/own_model.hpp").string(), "--data",
                 small_text().string(), "-o", folder.string(), "--recipe", "nanogpt", "--init", "normal",
                 "--block-size", "32", "--batch-size", "4", "--steps", "60", "--sample-tokens", "0"},
                training_options());
  CHECK(out.starts_with("own_model: 12,160 parameters"));
  auto const log = log_of(folder);
  CHECK(log.back().at("train").get<double>() < log.front().at("train").get<double>() - 0.3);
  CHECK(read_text(folder / "model.safetensors").find("\"blocks.1.query.weight\"") != std::string::npos);
}

TEST_CASE("blocks that are computed anew take less memory and learn with the same bits") {
  fs::path const kept = fresh_folder("kept"), anew = fresh_folder("anew");
  auto const bytes = [](std::string out) {
    std::erase(out, ',');
    auto const at = out.find(" bytes of memory");
    REQUIRE(at != std::string::npos);
    return std::stoll(out.substr(out.rfind(' ', at - 1) + 1));
  };
  auto const all = bytes(output_of(training(kept), training_options()));
  auto const less = bytes(output_of(training(anew, {"--recompute", "blocks"}), training_options()));
  CHECK(less < all);
  CHECK(read_text(anew / "model.safetensors") == read_text(kept / "model.safetensors"));
}

TEST_CASE("products of bf16 learn what those of f32 do, where the processor has them, and are refused elsewhere") {
  fs::path const exact = fresh_folder("f32"), rounded = fresh_folder("bf16");
  auto const words = training(rounded, {"--dtype", "bf16"});
  if (!multiplies_bf16()) {
    CHECK(refusal({words.begin() + 1, words.end()}, 1, training_options()) ==
          "--dtype bf16: this processor does not multiply bf16 (AVX512_BF16)");
    return;
  }
  output_of(training(exact), training_options());
  output_of(words, training_options());
  auto const one = log_of(exact), other = log_of(rounded);
  REQUIRE(one.size() == other.size());
  double const last = one.back()["validation"], rounded_last = other.back()["validation"];
  CHECK(rounded_last != last);
  CHECK(std::abs(rounded_last - last) < 0.01 * last);
}
