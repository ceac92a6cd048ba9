// Checkpoints of nanoGPT's train.py: gone on from as it goes on itself, and written so that torch goes on.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

fs::path of_nanogpt(int steps) { return source("tests/train_command/nanogpt_" + std::to_string(steps) + ".pt"); }

// By check_nanogpt.py, whose words these are.
void check_near(std::vector<std::string> const& words, double tolerance) {
  double const gap = std::stod(python_output("tests/train_command/check_nanogpt.py", words));
  CHECK(gap <= tolerance);
}

std::vector<std::string> resuming(fs::path const& file, fs::path const& folder, std::vector<std::string> const& more) {
  std::vector<std::string> out{
      command(), "train",         "--resume", file.string(), "--data",          small_text().string(),
      "-o",      folder.string(), "--format", "nanogpt",     "--sample-tokens", "0"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace

TEST_CASE("nanoGPT's run goes on as in its own train.py: weights, AdamW, batches, schedule") {
  fs::path const folder = fresh_folder("from_nanogpt");
  output_of(resuming(of_nanogpt(20), folder, {"--steps", "40"}), training_options());
  auto const ours = constformer::open_checkpoint(folder / "ckpt.pt"),
             theirs = constformer::open_checkpoint(of_nanogpt(40));
  CHECK(ours.model == theirs.model);
  REQUIRE(ours.tensors.size() == theirs.tensors.size());
  for (std::size_t i = 0; i < ours.tensors.size(); ++i) {
    INFO(ours.tensors[i].name);
    REQUIRE(ours.tensors[i].shape == theirs.tensors[i].shape);
    auto const values_of = [](constformer::tensor_view const& t) {
      std::vector<float> out(static_cast<std::size_t>(constformer::count_of(t.shape)));
      constformer::read_rows_f32(t, 0, constformer::matrix_of(t).rows, out);
      return out;
    };
    auto const a = values_of(ours.tensors[i]), b = values_of(theirs.tensors[i]);
    float gap = 0.0F;
    for (std::size_t k = 0; k < a.size(); ++k)
      gap = std::isnan(a[k] - b[k]) ? INFINITY : std::max(gap, std::abs(a[k] - b[k]));
    CHECK(gap < 1e-5F);
  }
  check_near({"same", (folder / "ckpt.pt").string(), of_nanogpt(40).string()}, 1e-5);
}

TEST_CASE("what is read of nanoGPT's checkpoint is written again: every tensor, every count") {
  fs::path const folder = fresh_folder("back_to_nanogpt");
  output_of(resuming(of_nanogpt(20), folder, {"--steps", "20", "--eval-interval", "0"}), training_options());
  check_near({"same", (folder / "ckpt.pt").string(), of_nanogpt(20).string()}, 0.0);
}

TEST_CASE("torch's AdamW goes on from ckpt.pt as we do without it") {
  fs::path const folder = fresh_folder("to_torch");
  std::vector<std::string> words{"--steps",
                                 "40",
                                 "--order",
                                 "in-order",
                                 "--schedule",
                                 "constant",
                                 "--grad-clip",
                                 "0",
                                 "--eval-interval",
                                 "0",
                                 "--gradient-accumulation-steps",
                                 "1",
                                 "--format",
                                 "nanogpt",
                                 "--dropout",
                                 "0"};
  output_of(training(folder, words), training_options());
  fs::copy_file(folder / "ckpt.pt", folder.string() + "_40.pt", fs::copy_options::overwrite_existing);
  fs::path const half = fresh_folder("to_torch_half");
  words[1] = "20";
  output_of(training(half, words), training_options());
  check_near({"continued", (half / "ckpt.pt").string(), folder.string() + "_40.pt", small_text().string()}, 1e-5);
}

TEST_CASE("--resume refuses files that are no run of nanoGPT, --format models that it cannot hold") {
  fs::path const folder = fresh_folder("no_exchange") / "out";
  std::string const state = source("tests/parity/fixtures/gpt_state/model.pt").string();
  auto words = resuming(state, folder, {});
  words.erase(words.begin());
  CHECK(refusal(words, 1, training_options()) == "--resume: " + state + " is no checkpoint of nanoGPT's train.py");
  auto other = training(folder, {"--format", "nanogpt"});
  other.erase(other.begin());
  *std::ranges::find(other, small_config().string()) = source("tests/parity/fixtures/llama_gqa").string();
  CHECK(refusal(other, 1, training_options()).starts_with("--format nanogpt: llama_gqa is no model of nanoGPT's"));
  CHECK_FALSE(fs::exists(folder));
}
