// A run that was stopped goes on as if nothing had happened.
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "programs.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

std::vector<std::string> const long_run{"--steps", "1200", "--eval-interval", "100", "--log-interval", "7"};

// The run that nobody disturbed, once for all cases.
fs::path undisturbed() {
  static fs::path const folder = [] {
    fs::path const out = fresh_folder("undisturbed");
    output_of(training(out, long_run), training_options());
    return out;
  }();
  return folder;
}

finished stopped(fs::path const& folder, int signal, double after) {
  run_options options = training_options();
  options.signal = signal;
  options.signal_after = after;
  return run(training(folder, long_run), options);
}

std::int64_t last_step(fs::path const& folder) { return log_of(folder).back().at("step").get<std::int64_t>(); }

void go_on(fs::path const& folder, std::vector<std::string> const& more = {}) {
  auto words = training(folder, long_run);
  words.insert(words.end(), more.begin(), more.end());
  output_of(words, training_options());
}

}  // namespace

TEST_CASE("SIGINT ends the step, saves and exits with 130; the run then goes on with the same bits") {
  undisturbed();
  fs::path const folder = fresh_folder("interrupted");
  finished const first = stopped(folder, SIGINT, 0.6);
  if (first.status == 0) SKIP("the run was over before the signal came");
  REQUIRE(first.status == 130);
  CHECK(first.err.starts_with("stopped after step "));
  CHECK(last_step(folder) < 1200);
  go_on(folder, {"--threads", "2"});  // results do not depend on threads
  check_same_run(undisturbed(), folder);
}

TEST_CASE("kill -9 loses at most what came after the last save; the run then goes on with the same bits") {
  undisturbed();
  for (double const after : {0.35, 0.5, 0.8}) {
    fs::path const folder = fresh_folder("killed");
    finished const first = stopped(folder, SIGKILL, after);
    if (first.status == 0) continue;
    REQUIRE(first.status == -SIGKILL);
    std::int64_t const reached =
        fs::exists(folder / "log.jsonl") && fs::file_size(folder / "log.jsonl") > 0 ? last_step(folder) : 0;
    std::string const out = output_of([&] { return training(folder, long_run); }(), training_options());
    if (auto const at = out.find("goes on after step "); at != std::string::npos)
      CHECK(reached - std::stoll(out.substr(at + 19)) <= 100);
    else
      CHECK(reached == 0);
    check_same_run(undisturbed(), folder);
  }
}

TEST_CASE("a run that was killed while its trainer was compiled begins anew") {
  fs::path const whole = fresh_folder("compiled_whole"), folder = fresh_folder("killed_compiling");
  output_of(training(whole), training_options());
  // It kills the command, which is the parent of what calls it.
  fs::path const compiler = written("killer", R"sh(#!/bin/sh
pid=$PPID
while [ "$pid" -gt 1 ] && [ "$(cat "/proc/$pid/comm")" != constformer ]; do
  pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
done
[ "$pid" -gt 1 ] && kill -9 "$pid"
)sh");
  fs::permissions(compiler, fs::perms::owner_all);
  auto words = training(folder, {"--compiler", compiler.string()});
  REQUIRE(run(words, training_options()).status == -SIGKILL);
  REQUIRE(fs::exists(folder / "run"));
  CHECK(!fs::exists(folder / "run" / "settings.json"));
  output_of(training(folder), training_options());
  check_same_run(whole, folder);
}

TEST_CASE("--resume goes on with what the folder says, and more steps may be asked for") {
  fs::path const folder = fresh_folder("short");
  output_of(training(folder), training_options());
  CHECK(
      output_of({command(), "train", "--resume", folder.string()}, training_options()).find("goes on after step 24") !=
      std::string::npos);
  output_of(training(folder, {"--steps", "40", "--lr-decay-iters", "24"}), training_options());
  CHECK(log_of(folder).back().at("step") == 40);
}
