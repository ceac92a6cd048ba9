// What a run leaves, and that it learns as the originals do.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <filesystem>
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
  CHECK(log.back().at("validation").get<double>() < log.front().at("validation").get<double>());
  std::string const chart = read_text(folder / "loss.svg");
  CHECK(chart.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(chart.find("class=\"validation\" points=") != std::string::npos);
  CHECK(read_text(folder / "samples.txt").starts_with("--- step 0\n"));
  std::string const built = program("trained", folder);
  CHECK(output_of({built, "-p", "First", "-n", "8", "--temp", "0"}).size() > 5);
}
