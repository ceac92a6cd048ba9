#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "process.hpp"
#include "scratch_folder.hpp"

// run_c.json holds what run.c (llama2.c at commit 350e04f, gcc -O2) printed for stories260K: its -n counts the tokens
// of the context, which is what our -c bounds.
TEST_CASE("a seeded run of a built model is run.c's, byte for byte") {
  auto const source = from_environment("CONSTFORMER_SHARED") + "/data/stories260K/";
  if (!std::filesystem::exists(source + "stories260K.bin")) SKIP("needs stories260K in the shared data");
  scratch_folder const folder;
  auto const build = run_process({from_environment("CONSTFORMER_COMMAND"), "build", source + "stories260K.bin",
                                  "--tokenizer", source + "tok512.bin", "-o", folder / "model"});
  INFO(build.err);
  REQUIRE(build.status == 0);

  std::ifstream file(from_environment("CONSTFORMER_SOURCE") + "/tests/program/run_c.json");
  for (auto const& run : nlohmann::json::parse(file)) {
    auto const steps = std::to_string(run["steps"].get<int>());
    auto const seed = std::to_string(run["seed"].get<int>());
    auto const ours = run_process({folder / "model", "--sampler", "llama2c", "-p", run["prompt"], "-s", seed, "--temp",
                                   run["temp"], "--top-p", run["top_p"], "-c", steps});
    CAPTURE(seed, ours.err);
    CHECK(ours.status == 0);
    CHECK(ours.out == run["text"].get<std::string>());
  }
}
