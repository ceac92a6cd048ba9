// --target portable: one program for every instruction set, each of them forced.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "elf.hpp"
#include "npy_read.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

std::string portable_sort() { return program("sort-portable", source("models/sort"), {"--target", "portable"}); }

run_options forced(std::string const& target) { return {.environment = {"CONSTFORMER_TARGET=" + target}}; }

std::string target_of(std::string const& model, run_options const& options = {}) {
  return nlohmann::json::parse(output_of({model, "info", "--json"}, options)).at("target").get<std::string>();
}

// Of the instruction sets that it was built for; the error for an unknown one names them.
std::vector<std::string> targets_of(std::string const& model) {
  auto const refused = run({model, "info"}, forced("none"));
  REQUIRE(refused.status == 1);
  auto const list = refused.err.substr(refused.err.rfind(": ") + 2);
  std::vector<std::string> names;
  for (std::size_t at = 0; at < list.size();) {
    auto const end = list.find_first_of(",\n", at);
    names.push_back(list.substr(at, end - at));
    at = list.find_first_not_of(", \n", end);
  }
  return names;
}

std::string const& best_of(std::vector<std::string> const& names, std::string const& model) {
  return *std::ranges::find_if(names, [&](auto const& name) { return run({model, "info"}, forced(name)).status == 0; });
}

// Runs `score` with each instruction set that the processor has and holds the logits against each other; `check` sees
// the name of each.
template <class Check>
void compare_targets(std::string const& model, std::vector<std::string> score, Check const& check) {
  auto const file = fresh_folder("portable") / "logits.npy";
  score.insert(score.begin(), {model, "score"});
  score.insert(score.end(), {"-o", file.string()});
  std::vector<npy_array> logits;
  for (auto const& name : targets_of(model)) {
    CAPTURE(name);
    auto const shown = run({model, "info"}, forced(name));
    if (shown.status != 0) {
      CHECK(shown.err.find("CONSTFORMER_TARGET=" + name + ": this processor does not have it") != std::string::npos);
      continue;
    }
    CHECK(target_of(model, forced(name)) == name);
    check(name);
    output_of(score, forced(name));
    logits.push_back(read_npy(file));
  }
  REQUIRE(!logits.empty());
  for (auto const& other : logits)
    CHECK(std::ranges::equal(other.values, logits.front().values,
                             [](float a, float b) { return std::abs(a - b) < 1e-3F; }));
}

bool on_x86() { return fs::exists("/lib64/ld-linux-x86-64.so.2"); }

}  // namespace

TEST_CASE("a program for a processor by name has the widest vectors of that processor") {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) SKIP("this processor has no AVX2");
  CHECK(target_of(program("sort-haswell", source("models/sort"), {"--target", "haswell"})) == "AVX2");
#else
  SKIP("no x86");
#endif
}

TEST_CASE("a portable program runs each instruction set that the processor has") {
  auto const model = portable_sort();
  auto const names = targets_of(model);
  REQUIRE(names.size() >= (on_x86() ? 3U : 1U));
  CHECK(target_of(model) == best_of(names, model));
  compare_targets(model, {"-p", "CBABBCABBBC"}, [&](std::string const& name) {
    CHECK(output_of({model, "-p", "CBABBC", "-n", "6", "--temp", "0"}, forced(name)) == "CBABBCABBBCC\n");
  });
}

TEST_CASE("products of bf16 have a unit of their own in a portable program", "[more]") {
  auto const model = program("bf16-portable", source("tests/parity/fixtures/llama_bf16"),
                             {"--target", "portable", "--inputs", "bf16"});
  if (on_x86()) CHECK(targets_of(model).front() == "AVX3_ZEN4");
  compare_targets(model, {"--ids", "1,2,3,4,5,6,7"}, [](std::string const&) {});
}

TEST_CASE("the units of a portable program share no function and run nothing at start-up") {
  portable_sort();
  int units = 0;
  for (auto const& entry : fs::directory_iterator(kept("sort-portable"))) {
    auto const name = entry.path().filename().string();
    if (!name.starts_with("model_") || name.find(".groups") != std::string::npos || entry.path().extension() != ".o")
      continue;
    CAPTURE(name);
    ++units;
    CHECK(global_names(entry.path()) ==
          std::vector<std::string>{"constformer_unit_" + entry.path().stem().string().substr(6)});
    CHECK(!has_section(entry.path(), ".init_array"));
  }
  CHECK(units >= 1);
}
