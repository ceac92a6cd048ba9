// Bad data, vocabularies, folders and disks: one sentence, and nothing is lost.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "disk.hpp"
#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

// The words behind the command's name.
std::vector<std::string> words_of(std::vector<std::string> call) {
  call.erase(call.begin());
  return call;
}

std::string refused(fs::path const& folder, std::vector<std::string> const& more, int status = 1) {
  return refusal(words_of(training(folder, more)), status, training_options());
}

}  // namespace

TEST_CASE("train refuses a recipe that it does not know, and keys that are no options") {
  fs::path const folder = fresh_folder("refused") / "out";
  auto words = words_of(training(folder));
  *(std::ranges::find(words, "nanogpt")) = "nanogbt";
  CHECK(refusal(words, 1, training_options()).starts_with("--recipe nanogbt: is no file, and there is "));
  fs::path const recipe = written("typo.toml", "learning-rate = 1e-3\nwarmup-itres = 3\n");
  *(std::ranges::find(words, "nanogbt")) = recipe.string();
  check_refusal(words, recipe.string() + ": warmup-itres is no option of train", 1, training_options());
  written("typo.toml", "learning-rate 1e-3\n");
  CHECK(refusal(words, 1, training_options()).starts_with(recipe.string() + ", line 1: "));
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("train leaves alone a folder that holds something else, and a run that was begun otherwise") {
  fs::path const other = fresh_folder("not_empty");
  std::ofstream(other / "thesis.txt") << "years of work";
  CHECK(refused(other, {}) == other.string() + ": is not empty and holds no run of train");
  CHECK(names_in(other) == std::vector<std::string>{"thesis.txt"});

  fs::path const begun = fresh_folder("begun");
  output_of(training(begun), training_options());
  std::string const before = read_text(begun / "run/state.safetensors");
  CHECK(refused(begun, {"--learning-rate", "0.5"}) ==
        begun.string() + ": holds a run that was begun otherwise: rate was 0.001 and is 0.5; take another folder");
  CHECK(read_text(begun / "run/state.safetensors") == before);
}

TEST_CASE("train refuses data that does not fit") {
  fs::path const folder = fresh_folder("refused") / "out";
  auto words = words_of(training(folder));
  auto const data = std::ranges::find(words, small_text().string());
  *data = (workshop() / "nowhere.txt").string();
  CHECK(refusal(words, 1, training_options()).find("nowhere.txt") != std::string::npos);
  *data = written("short.txt", "too short").string();
  CHECK(refusal(words, 1, training_options()).ends_with("has 8 tokens, a block of 32 and its targets need 33"));
  CHECK_FALSE(fs::exists(folder));
  words = words_of(training(folder));
  words[1] = written("ten.json", R"({"n_layer": 1, "n_head": 1, "n_embd": 8, "vocab_size": 10})").string();
  check_refusal(words, "the tokenizer has 58 tokens, the model 10", 1, training_options());
  words[1] = written("long.json", R"({"n_layer": 1, "n_head": 1, "n_embd": 8, "block_size": 16})").string();
  check_refusal(words, "--block-size is 32, the model has 16 positions", 1, training_options());
}

TEST_CASE("train refuses what cannot be written before it compiles anything") {
  if (!is_root()) SKIP("needs root");
  fs::path const folder = fresh_folder("read_only");
  run_options options = training_options();
  options.user = nobody;
  fs::permissions(folder,
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::others_read | fs::perms::others_exec);
  CHECK(refusal(words_of(training(folder / "out")), 1, options).find("Permission denied") != std::string::npos);
}

TEST_CASE("a full disk ends a run with one sentence, and what was saved before is whole") {
  if (!small_disk::possible()) SKIP("this process may not mount");
  fs::path const folder = fresh_folder("full");
  small_disk const disk(folder);
  std::ofstream(folder / "ballast") << std::string(500'000, 'x');
  finished const ended = run(training(folder / "out"), training_options());
  CHECK(ended.status == 1);
  CHECK(ended.err.find("run/state.safetensors: cannot be written: No space left on device") != std::string::npos);
}

TEST_CASE("a step that is no number ends the run and names the last good state") {
  fs::path const folder = fresh_folder("exploded");
  finished const ended =
      run(training(folder, {"--learning-rate", "1e30", "--warmup-iters", "0", "--grad-clip", "0"}), training_options());
  CHECK(ended.status == 1);
  CHECK(ended.err.starts_with("constformer: error: step "));
  CHECK(ended.err.find("the last good checkpoint, after step 0, is " + (folder / "run/state.safetensors").string()) !=
        std::string::npos);
  CHECK(ended.err.find("tokens.weight") != std::string::npos);
}
