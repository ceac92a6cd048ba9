#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "process.hpp"

namespace {

namespace fs = std::filesystem;

std::string from_environment(char const* name) {
  char const* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

class built_model {
 public:
  explicit built_model(fs::path const& source) {
    std::string name = (fs::temp_directory_path() / "cf-run-c-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    auto const build =
        run_process({from_environment("CONSTFORMER_COMMAND"), "build", (source / "stories260K.bin").string(),
                     "--tokenizer", (source / "tok512.bin").string(), "-o", program()});
    INFO(build.err);
    REQUIRE(build.status == 0);
  }
  ~built_model() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  built_model(built_model const&) = delete;
  built_model& operator=(built_model const&) = delete;

  [[nodiscard]] std::string program() const { return (folder_ / "model").string(); }

 private:
  fs::path folder_;
};

}  // namespace

// run_c.json holds what run.c (llama2.c at commit 350e04f, gcc -O2) printed for stories260K: its -n counts the tokens of the
// context, which is what our -c bounds.
TEST_CASE("a seeded run of a built model is run.c's, byte for byte") {
  fs::path const source = fs::path(from_environment("CONSTFORMER_SHARED")) / "data" / "stories260K";
  if (!fs::exists(source / "stories260K.bin")) SKIP("needs stories260K in the shared data");
  built_model const model(source);
  std::ifstream file(from_environment("CONSTFORMER_SOURCE") + "/tests/program/run_c.json");
  for (auto const& run : nlohmann::json::parse(file)) {
    auto const steps = std::to_string(run["steps"].get<int>());
    auto const ours = run_process({model.program(), "--sampler", "llama2c", "-p", run["prompt"], "-s",
                                   std::to_string(run["seed"].get<int>()), "--temp", run["temp"], "--top-p",
                                   run["top_p"], "-c", steps});
    CAPTURE(run["seed"].get<int>(), ours.err);
    CHECK(ours.status == 0);
    CHECK(ours.out == run["text"].get<std::string>());
  }
}
