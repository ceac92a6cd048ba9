// What a run shows: a line on a terminal, a chart, and what it would take before it takes it.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

using namespace end_to_end;
namespace fs = std::filesystem;

TEST_CASE(
    "on a terminal one line is written over and over: loss, rate, tokens a second, share of the peak, time left") {
  fs::path const folder = fresh_folder("on_terminal");
  std::string const out = python_output("tests/train_command/on_terminal.py",
                                        training(folder, {"--steps", "400", "--eval-interval", "400"}));
  std::string const erased = "\r\x1B[K";
  auto const begin = out.find(erased);
  REQUIRE(begin != std::string::npos);
  std::string const line = out.substr(begin + erased.size(), out.find(erased, begin + 1) - begin - erased.size());
  INFO(line);
  for (char const* const part : {"/400  loss ", "  rate ", " tokens/s  ", " % of peak  ", " left"})
    CHECK(line.find(part) != std::string::npos);
  CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("the chart is XML with a line for steps, training and validation each") {
  fs::path const folder = fresh_folder("chart");
  output_of(training(folder, {"--log-interval", "4"}), training_options());
  std::string const lines = python_output("tests/train_command/check_chart.py", {(folder / "loss.svg").string()});
  CHECK(lines.find("steps 6\n") != std::string::npos);
  CHECK(lines.find("train 4\n") != std::string::npos);
  CHECK(lines.find("validation 4\n") != std::string::npos);
}

TEST_CASE("what does not fit into memory is refused with both numbers") {
  fs::path const model = workshop() / "wide.json", folder = fresh_folder("too_large") / "out";
  std::ofstream(model) << R"({"n_layer": 48, "n_head": 16, "n_embd": 8192, "bias": false})";
  auto words = training(folder);
  words.erase(words.begin());
  words[1] = model.string();
  std::string const sentence = refusal(words, 1, training_options());
  INFO(sentence);
  CHECK(sentence.starts_with("training takes 6"));  // parameters, gradients and two moments of 38.7 billion floats
  CHECK(sentence.find(" bytes of memory, ") != std::string::npos);
  CHECK(
      sentence.ends_with(" are available; a smaller --batch-size with more --gradient-accumulation-steps takes less"));
}
