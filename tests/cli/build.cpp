// `constformer build`: what it leaves, and that it leaves nothing else, whatever goes wrong.
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <string>

#include "disk.hpp"
#include "programs.hpp"
#include "refusal.hpp"
#include "spoiled.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

std::string const sort_model = source("models/sort").string();
std::string const shakespeare = source("models/shakespeare").string();
std::string const older = "an older program of that name";

// Folders of one build: where the program goes, with an older one in it, and where temporary files go.
struct build_folders {
  fs::path output = fresh_folder("output");
  fs::path temporary = fresh_folder("temporary");
  fs::path model = output / "model";

  build_folders() { write_text(model, older); }

  [[nodiscard]] run_options options() const { return {.environment = {"TMPDIR=" + temporary.string()}}; }

  [[nodiscard]] std::vector<std::string> call(std::string const& checkpoint,
                                              std::vector<std::string> const& more = {}) const {
    std::vector<std::string> out{"build", checkpoint, "-o", model.string()};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }

  // As before the build: the older program and nothing else.
  void check_untouched() const {
    CHECK(names_in(output) == std::vector<std::string>{"model"});
    CHECK(read_text(model) == older);
    CHECK(names_in(temporary).empty());
  }
};

std::string letters_sorted_by(std::string const& program) {
  return output_of({program, "-p", "CBABBC", "-n", "6", "--temp", "0"});
}

fs::path script(std::string const& name, std::string const& body) {
  auto const file = fresh_folder("script") / name;
  write_text(file, "#!/bin/sh\n" + body + "\n");
  fs::permissions(file, fs::perms::owner_all);
  return file;
}

// Whether a process works in a folder, even in one that is gone.
bool somebody_works_in(fs::path const& folder) {
  for (auto const& entry : fs::directory_iterator("/proc")) {
    std::error_code gone;
    auto const where = fs::read_symlink(entry.path() / "cwd", gone);
    if (!gone && where.string().starts_with(folder.string())) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a build replaces an older program and is silent in a pipe") {
  build_folders const b;
  auto call = b.call(sort_model);
  call.insert(call.begin(), command());
  auto const result = run(call, b.options());
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  CHECK(result.err.empty());
  CHECK(names_in(b.output) == std::vector<std::string>{"model"});
  CHECK(names_in(b.temporary).empty());
  CHECK((fs::status(b.model).permissions() & fs::perms::owner_exec) != fs::perms::none);
  CHECK(letters_sorted_by(b.model.string()) == "CBABBCABBBCC\n");
}

TEST_CASE("on a terminal a build tells what it does") {
  if (run({"script", "-qec", "true", "/dev/null"}).status != 0)
    SKIP("needs script and a system that gives it a terminal");
  build_folders const b;
  auto const line = command() + " build " + sort_model + " -o " + b.model.string();
  auto const result = run({"script", "-qec", line, "/dev/null"}, b.options());
  CHECK(result.status == 0);
  CHECK(result.out.find("compiling the model") != std::string::npos);
  CHECK(result.out.find("linking") != std::string::npos);
}

TEST_CASE("--keep prints one line that makes the program by hand") {
  auto const checkpoint = copy_of_sort("3 odd 'names' \"quoted\"");
  auto const folder = fresh_folder("by hand");
  auto const model = folder / "it's a model";
  auto const kept_in = folder / "kept sources";
  // A compiler that is named gets no precompiled headers, as the line that is printed: with them functions come in
  // another order.
  std::string const compiler =
      read_json(fs::path(command()).parent_path().parent_path() / "share/constformer/toolchain.json")["compiler"];
  auto const result = run({command(), "build", checkpoint.string(), "-o", model.string(), "--keep", kept_in.string(),
                           "--compiler", compiler});
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.err.empty());
  REQUIRE(result.out.find('\n') == result.out.size() - 1);
  std::string const first = read_text(model);
  fs::remove(model);
  for (char const* made : {"model.o", "weights.o"}) CHECK(fs::remove(kept_in / made));
  CHECK(output_of({"/bin/sh", "-c", result.out}).empty());
  CHECK(read_text(model) == first);
  CHECK(letters_sorted_by(model.string()) == "CBABBCABBBCC\n");
}

TEST_CASE("a context smaller than the model's is compiled in") {
  auto const model = program("sort_short", source("models/sort"), {"--ctx-size", "7"});
  CHECK(output_of({model, "--ids", "2,1,0,1,1,2", "-n", "9", "--temp", "0", "--print-ids"}) == "0 1\n");
  check_program_refusal({model, "--ids", "2,1,0,1,1,2,0,1"}, "the prompt has 8 tokens, the context holds 7");
  check_program_refusal({model, "--ids", "2", "-c", "8"}, "--ctx-size 8 is above the compiled capacity of 7 tokens");
}

TEST_CASE("a context above the model's positions is refused with both numbers") {
  build_folders const b;
  check_refusal(b.call(sort_model, {"--ctx-size", "12"}),
                sort_model + ": context: capacity=12 is more than positions=11", 1, b.options());
  b.check_untouched();
}

TEST_CASE("no compiler, or one that fails, leaves everything as it was") {
  build_folders const b;
  check_refusal(b.call(sort_model, {"--compiler", "nonexistent"}),
                "compiler \"nonexistent\" cannot be run: No such file or directory", 1, b.options());
  b.check_untouched();

  check_refusal(b.call(sort_model, {"--compiler", "false"}), "checkpoint check: the compiler ended with status 1", 1,
                b.options());
  b.check_untouched();

  auto const complaining = script("complaining",
                                  "echo 'x.cpp:1: warning: no error' >&2; echo 'x.cpp:1:2: error: the first' >&2; echo "
                                  "'error: the second'; exit 3");
  check_refusal(b.call(sort_model, {"--compiler", complaining.string()}), sort_model + ": x.cpp:1:2: error: the first",
                1, b.options());
  b.check_untouched();

  auto const dying = script("dying", "kill -9 $$");
  check_refusal(b.call(sort_model, {"--compiler", dying.string()}),
                "\"" + dying.string() + "\" was ended by a signal (Killed)", 1, b.options());
  b.check_untouched();

  // Says that all is well and makes nothing.
  CHECK_FALSE(refusal(b.call(sort_model, {"--compiler", "true"}), 1, b.options()).empty());
  b.check_untouched();

  CHECK(refusal(b.call(sort_model, {"--target", "abacus"}), 1, b.options()).find("abacus") != std::string::npos);
  b.check_untouched();
}

TEST_CASE("a compiler that ends late is waited for, and its temporary files go") {
  build_folders const b;
  auto const slow =
      script("slow",
             "case \"$*\" in *-fsyntax-only*) sleep 0.3; echo 'x.cpp:1:2: error: refused' >&2; exit 1;; "
             "esac\n(trap 'sleep 0.3; echo late > \"$TMPDIR/late\"; exit' TERM; while :; do sleep 0.1; done) "
             "&\nwait");
  check_refusal(b.call(sort_model, {"--compiler", slow.string()}), sort_model + ": x.cpp:1:2: error: refused", 1,
                b.options());
  CHECK_FALSE(somebody_works_in(b.temporary));
  b.check_untouched();
}

TEST_CASE("a link that fails leaves everything as it was") {
  build_folders const b;
  auto const tools = nlohmann::json::parse(
      read_text(fs::path(command()).parent_path().parent_path() / "share/constformer/toolchain.json"));
  std::string const compiler = tools.at("compiler");
  auto const no_linker =
      script("no_linker", "case \"$*\" in *' -o program'*) echo 'ld: error: cannot link' >&2; exit 1;; esac\nexec " +
                              compiler + " \"$@\"");
  check_refusal(b.call(sort_model, {"--compiler", no_linker.string()}), "linking: ld: error: cannot link", 1,
                b.options());
  b.check_untouched();
}

TEST_CASE("an output that cannot be written is refused before anything is compiled") {
  build_folders const b;
  auto const refuse = [&](fs::path const& output, std::string const& why) {
    auto const result_of =
        std::vector<std::string>{"build", sort_model, "-o", output.string(), "--compiler", "nonexistent"};
    check_refusal(result_of, output.string() + ": cannot be written: " + why, 1, b.options());
    b.check_untouched();
  };
  refuse(b.output, "Is a directory");
  refuse(b.output / "no" / "folder", "No such file or directory");
  refuse(b.model / "below", "Not a directory");
  refuse(b.output / std::string(256, 'm'), "File name too long");
}

TEST_CASE("a folder without permission to write is refused") {
  if (!is_root()) SKIP("needs root, to become somebody else");
  build_folders const b;
  if (run({command(), "--version"}, {.user = nobody}).status != 0) SKIP("needs a build tree that everybody can read");
  auto options = b.options();
  options.user = nobody;
  check_refusal(b.call(sort_model), b.model.string() + ": cannot be written: Permission denied", 1, options);
  b.check_untouched();

  auto const own = fresh_folder("own");
  fs::permissions(own, fs::perms::all);
  CHECK(refusal({"build", sort_model, "-o", (own / "model").string()}, 1, options).find(b.temporary.string()) == 0);
  CHECK(names_in(own).empty());
}

TEST_CASE("a full disk for temporary files leaves everything as it was") {
  if (!small_disk::possible()) SKIP("needs root, to mount a small disk");
  build_folders const b;
  small_disk const disk(b.temporary);
  CHECK(refusal(b.call(shakespeare), 1, b.options()).find("No space left on device") != std::string::npos);
  b.check_untouched();
}

TEST_CASE("a full disk for the program leaves everything as it was") {
  if (!small_disk::possible()) SKIP("needs root, to mount a small disk");
  build_folders const b;
  small_disk const disk(b.output);
  write_text(b.model, older);
  check_refusal(b.call(sort_model), b.model.string() + ": cannot be written: No space left on device", 1, b.options());
  b.check_untouched();
}

TEST_CASE("an interrupted build leaves everything as it was") {
  struct interruption {
    int signal;
    bool terminal;
    char const* name;
  };
  for (auto const& [signal, terminal, name] :
       {interruption{SIGINT, true, "Interrupt"}, {SIGTERM, false, "Terminated"}, {SIGHUP, true, "Hangup"}}) {
    build_folders const b;
    auto options = b.options();
    // A unit out of a compiler cache would be there before the signal.
    options.environment.push_back("CCACHE_DISABLE=1");
    options.signal = signal;
    options.signal_after = 1;
    options.signal_children = terminal;
    auto const sentence = refusal(b.call(shakespeare), 1, options);
    CHECK(sentence == "stopped by a signal (" + std::string(name) + ")");
    CHECK_FALSE(somebody_works_in(b.temporary));
    b.check_untouched();
  }
}
