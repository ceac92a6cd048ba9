// What design and issue bound: size, start, memory and time. The Llama model of the repository stands in where
// stories260K is absent.
//
// Times are by the clock of a machine that others use too, so a bound may be tried several times and the best try
// counts.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "checkpoints.hpp"
#include "elf.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

constexpr long mega = 1'000'000;
constexpr int tries = 5;

// A program of the repository's Llama model, and its name in the workshop.
std::string const llama_name = "shakespeare";
std::string llama_program() { return program(llama_name, source("models/shakespeare")); }

bool have_shared() {
  char const* const shared = std::getenv("CONSTFORMER_SHARED");
  return shared != nullptr && fs::exists(fs::path(shared) / "data" / "stories260K");
}

double median(std::vector<double> values) {
  auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct start_time {
  double wall;
  double cpu;
};

// Medians of 20 whole processes that read one token and print the next.
start_time time_to_first_token(std::string const& model) {
  std::vector<double> wall;
  std::vector<double> cpu;
  for (int i = 0; i < 20; ++i) {
    auto const result = run({model, "--ids", "1", "-n", "1", "--temp", "0", "--print-ids"});
    REQUIRE(result.status == 0);
    wall.push_back(result.seconds);
    cpu.push_back(result.cpu_seconds);
  }
  return {median(wall), median(cpu)};
}

void skip_if_sanitized() {
  if (CF_SANITIZED) SKIP("sanitizers change sizes and times");
}

// How much longer than on the machine of the budget a compiler takes here and now, at least 1: <string> alone took g++
// 12 0.22 s there.
double pace(std::string const& compiler) {
  double least = 1e9;
  for (int i = 0; i < 3; ++i)
    least = std::min(
        least,
        run({compiler, "-std=c++20", "-fsyntax-only", "-x", "c++", "-include", "string", "/dev/null"}).cpu_seconds);
  return std::max(1.0, least / 0.22);
}

// One build as a user of an installed command starts it, with what it took: a compiler that is named gets no
// precompiled headers.
void check_build(fs::path const& checkpoint) {
  constexpr long most_bytes = 1500 * mega;
  std::string const output = (fresh_folder("budget") / "program").string();
  auto const toolchain =
      read_json(fs::path(command()).parent_path().parent_path() / "share/constformer/toolchain.json");
  std::string const compiler = toolchain.at("compiler");
  std::vector<std::string> const call{command(), "build", checkpoint.string(), "-o", output, "--compiler", compiler};
  double best = 1e9;
  long bytes = 0;
  double most_seconds = 0;
  for (int i = 0; i < tries && best > most_seconds; ++i) {
    most_seconds = 15 * pace(compiler);
    auto const result = run(call, {.watch_memory = true});
    REQUIRE(result.status == 0);
    CHECK(result.err.empty());
    // On an idle machine a build takes no longer than its processor time, whatever else runs here now.
    best = std::min({best, result.seconds, result.cpu_seconds});
    bytes = std::max(bytes, result.peak_bytes);
    std::printf("build of %s: %.1f s, %.1f s of processor, %.0f MB; allowed: %.1f s\n", checkpoint.filename().c_str(),
                result.seconds, result.cpu_seconds, static_cast<double>(result.peak_bytes) / mega, most_seconds);
  }
  CHECK(best <= most_seconds);
  CHECK(bytes <= most_bytes);
  CHECK(bytes > 10 * mega);  // it was looked at
}

}  // namespace

TEST_CASE("programs are static") {
  skip_if_sanitized();
  CHECK(is_static(llama_program()));
  CHECK_FALSE(is_static("/proc/self/exe"));
}

TEST_CASE("a program runs alone in an empty root folder") {
  if (!is_root()) SKIP("needs root, for chroot");
  skip_if_sanitized();
  auto const golden = read_json(source("models/shakespeare/golden.json"));
  auto const root = fresh_folder("empty_root");
  fs::copy_file(llama_program(), root / "model");
  std::vector<std::string> const call{"/model", "-p", golden.at("prompt"), "-n", "64", "--temp", "0", "-t", "2"};
  auto const result = run(call, {.root = root, .user = nobody});
  CHECK(result.status == 0);
  CHECK(result.out == golden.at("prompt").get<std::string>() + golden.at("text").get<std::string>() + "\n");
  CHECK(run({"/model", "info"}, {.root = root}).status == 0);
  CHECK(run({"/model", "score", "-p", "JULIET:", "-o", "/logits.npy"}, {.root = root}).status == 0);
  CHECK(fs::exists(root / "logits.npy"));
  CHECK(std::distance(fs::directory_iterator(root), {}) == 2);
}

TEST_CASE("a program with its weights beside it runs in an empty root folder") {
  if (!is_root()) SKIP("needs root, for chroot");
  skip_if_sanitized();
  auto const golden = read_json(source("models/sort/golden.json"));
  auto const model = program("sort_beside", source("models/sort"), {"--weights", "beside"});
  auto const root = fresh_folder("empty_root_beside");
  fs::copy_file(model, root / "model");
  fs::copy_file(model + ".weights", root / fs::path(model + ".weights").filename());
  CHECK(run({"/model", "-p", golden.at("prompt"), "-n", "6", "--temp", "0"}, {.root = root}).out ==
        golden.at("prompt").get<std::string>() + golden.at("text").get<std::string>() + "\n");
}

TEST_CASE("a program has at most 4 MB beyond its weights") {
  skip_if_sanitized();
  auto const program_bytes = static_cast<long>(fs::file_size(llama_program()));
  auto const weight_bytes = static_cast<long>(fs::file_size(kept(llama_name) / "model.weights"));
  std::printf("program without its weights: %.2f MB\n", static_cast<double>(program_bytes - weight_bytes) / mega);
  CHECK(weight_bytes > mega);
  CHECK(program_bytes > weight_bytes);
  CHECK(program_bytes - weight_bytes <= 4 * mega);
}

TEST_CASE("the model unit of a Llama has at most 400 KB of code") {
  skip_if_sanitized();
  llama_program();
  auto const bytes = code_bytes(kept(llama_name) / "model.o");
  std::printf("model unit: %ld bytes of code\n", static_cast<long>(bytes));
  CHECK(bytes > 1000);
  CHECK(bytes <= 400'000);
}

TEST_CASE("stories260K gives its first token within 10 ms") {
  skip_if_sanitized();
  auto const model = have_shared() ? stories_v0() : llama_program();
  start_time best{1e9, 1e9};
  for (int i = 0; i < tries && best.wall > 0.010; ++i) {
    auto const now = time_to_first_token(model);
    best = {std::min(best.wall, now.wall), std::min(best.cpu, now.cpu)};
  }
  std::printf("start to first token: %.2f ms by the clock, %.2f ms of processor\n", best.wall * 1e3, best.cpu * 1e3);
  CHECK(std::min(best.wall, best.cpu) <= 0.010);
}

TEST_CASE("building a Llama takes at most 15 s and 1.5 GB") {
  skip_if_sanitized();
  check_build(source("models/shakespeare"));
}

TEST_CASE("building a GPT-2 takes at most 15 s and 1.5 GB") {
  skip_if_sanitized();
  check_build(source("models/sort"));
}
