#include "training.hpp"

#include <csignal>
#include <fstream>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace end_to_end {

namespace fs = std::filesystem;

fs::path written(std::string const& name, std::string const& content) {
  fs::path const file = workshop() / name;
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

fs::path small_config() { return written("small.json", R"({"n_layer": 2, "n_head": 2, "n_embd": 32, "bias": false})"); }

fs::path small_text() { return source("tests/train_command/text.txt"); }

std::vector<std::string> training(fs::path const& folder, std::vector<std::string> const& more) {
  std::vector<std::string> out{
      command(),  "train",   small_config().string(), "--data", small_text().string(), "-o", folder.string(),
      "--recipe", "nanogpt", "--block-size",          "32",     "--batch-size",        "4"};
  auto const has = [&](std::string_view name) { return std::ranges::find(more, name) != more.end(); };
  for (auto const& [name, value] :
       {std::pair("--steps", "24"), std::pair("--eval-interval", "8"), std::pair("--eval-iters", "2"),
        std::pair("--sample-tokens", "16"), std::pair("--dropout", "0.1")})
    if (!has(name)) out.insert(out.end(), {name, value});
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

run_options training_options() { return {.environment = {"XDG_CACHE_HOME=" + (workshop() / "trainers").string()}}; }

std::vector<nlohmann::json> log_of(fs::path const& folder) {
  std::vector<nlohmann::json> out;
  std::ifstream in(folder / "log.jsonl");
  for (std::string line; std::getline(in, line);) {
    auto entry = nlohmann::json::parse(line);
    entry.erase("seconds");
    entry.erase("tokens_per_second");
    out.push_back(entry);
  }
  return out;
}

std::string python_output(std::string const& script, std::vector<std::string> const& arguments) {
  std::vector<std::string> words{source("tools/python").string(), source(script).string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  finished const ended = run(words, training_options());
  if (ended.status == 77) SKIP(script << " lacks a Python package");
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  return ended.out;
}

void check_same_run(fs::path const& one, fs::path const& other) {
  for (char const* file : {"model.safetensors", "run/state.safetensors", "samples.txt"}) {
    INFO(file);
    CHECK(read_text(one / file) == read_text(other / file));
  }
  CHECK(log_of(one) == log_of(other));
}

void check_resume(std::filesystem::path const& whole, std::filesystem::path const& stopped,
                  std::vector<std::string> const& words) {
  run_options options = training_options();
  options.signal = SIGINT;
  options.signal_after = 0.4;
  finished const first = run(words, options);
  if (first.status == 130) output_of(words, training_options());
  check_same_run(whole, stopped);
}

}  // namespace end_to_end
