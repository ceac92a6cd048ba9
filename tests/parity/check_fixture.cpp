// check_fixture COMMAND FIXTURE WORK [BOUND OPTION...]
// Builds the program of one fixture with the real command and holds what it computes against what `transformers`
// computed: logits or hidden states to 1e-4 of their range, pooled vector, greedy ids; and one thread against two, bit
// for bit. BOUND takes the place of 1e-4, and with a wider one greedy ids are not compared; OPTIONs go to the build.
// With `--kv-dtype TYPE` or `--inputs bf16` among them the logits are those of a cache, or of inputs, that are rounded:
// logits_kv_TYPE.npy, logits_inputs_bf16.npy.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "npy_read.hpp"
#include "process.hpp"

namespace {

namespace fs = std::filesystem;

double bound = 1e-4;
std::string logits_file = "logits.npy";

std::string run(std::vector<std::string> const& arguments) {
  auto const result = constformer::command::process(arguments, fs::current_path()).wait();
  if (result.exit_code == 0) return result.output;
  throw std::runtime_error(constformer::command::shell_line(arguments) + "\n" + result.output);
}

std::string joined(std::vector<int> const& ids) {
  std::string out;
  for (int id : ids) out += (out.empty() ? "" : ",") + std::to_string(id);
  return out;
}

void compare(std::string const& what, npy_array const& ours, npy_array const& theirs) {
  if (ours.values.size() != theirs.values.size())
    throw std::runtime_error(what + ": " + std::to_string(ours.values.size()) + " values, " +
                             std::to_string(theirs.values.size()) + " expected");
  double gap = 0;
  double range = 0;
  for (std::size_t i = 0; i < ours.values.size(); ++i) {
    double const a = static_cast<double>(ours.values[i]);
    double const b = static_cast<double>(theirs.values[i]);
    gap = std::isnan(a) ? INFINITY : std::max(gap, std::abs(a - b));
    range = std::max(range, std::abs(b));
  }
  std::printf("%s: %.2e of the range\n", what.c_str(), gap / range);
  if (!(gap <= bound * range))
    throw std::runtime_error(what + ": further apart than " + std::to_string(bound) + " of the range");
}

// The same call with one and with two threads must print and write the same bytes.
npy_array result_of(std::vector<std::string> call, fs::path const& work) {
  std::vector<npy_array> results;
  for (char const* threads : {"1", "2"}) {
    auto const file = work / ("threads" + std::string(threads) + ".npy");
    auto const with_threads = [&] {
      auto full = call;
      full.insert(full.end(), {"-t", threads, "-o", file.string()});
      return full;
    }();
    run(with_threads);
    results.push_back(read_npy(file));
  }
  auto const& one = results[0].values;
  auto const& two = results[1].values;
  if (one.size() != two.size() || !std::equal(one.begin(), one.end(), two.begin()))
    throw std::runtime_error("one and two threads give different bits");
  return results[0];
}

void check_decoder(std::string const& program, nlohmann::json const& expected, fs::path const& fixture,
                   fs::path const& work) {
  std::string const ids = joined(expected.at("prompt").get<std::vector<int>>());
  compare("logits", result_of({program, "score", "--ids", ids}, work), read_npy(fixture / logits_file));
  if (bound > 1e-4) return;
  auto const greedy = expected.at("greedy").get<std::vector<int>>();
  std::string wanted;
  for (int id : greedy) wanted += (wanted.empty() ? "" : " ") + std::to_string(id);
  std::string const printed =
      run({"/bin/sh", "-c",
           constformer::command::shell_line({program, "--ids", ids, "--temp", "0", "--ignore-eos", "--print-ids", "-n",
                                             std::to_string(greedy.size())}) +
               " 2>/dev/null"});
  std::string const got = printed.substr(0, printed.find('\n'));
  if (got != wanted) throw std::runtime_error("greedy ids are\n" + got + "\nexpected\n" + wanted);
}

std::string blanked(std::vector<int> const& ids) {
  std::string out;
  for (int id : ids) out += (out.empty() ? "" : " ") + std::to_string(id);
  return out;
}

// The ids of a text, and what its translation reads; greedy and as the only beam.
void check_text(std::string const& program, nlohmann::json const& expected) {
  std::string const text = expected.at("text").get<std::string>();
  auto const same = [](std::string const& got, std::string const& wanted) {
    if (got != wanted + "\n") throw std::runtime_error("the text gives\n" + got + "expected\n" + wanted);
  };
  same(run({program, "tokenize", "-p", text}), blanked(expected.at("source").get<std::vector<int>>()));
  auto const limit = std::to_string(expected.at("greedy").size());
  auto const translated = [&](std::vector<std::string> const& more) {
    std::vector<std::string> call{program, "translate", "-p", text, "-n", limit};
    call.insert(call.end(), more.begin(), more.end());
    return run({"/bin/sh", "-c", constformer::command::shell_line(call) + " 2>/dev/null"});
  };
  same(translated({}), expected.at("translation").get<std::string>());
  same(translated({"--beam-size", "1"}), expected.at("translation").get<std::string>());
}

// The logits of a target, and the greedy one: the fixture is made so that no end is among its ids.
void check_translator(std::string const& program, nlohmann::json const& expected, fs::path const& fixture,
                      fs::path const& work) {
  std::string const source = joined(expected.at("source").get<std::vector<int>>());
  std::string const target = joined(expected.at("target").get<std::vector<int>>());
  compare("logits", result_of({program, "score", "--source-ids", source, "--ids", target}, work),
          read_npy(fixture / logits_file));
  if (bound > 1e-4) return;
  auto const greedy = expected.at("greedy").get<std::vector<int>>();
  std::string const printed =
      run({"/bin/sh", "-c",
           constformer::command::shell_line(
               {program, "translate", "--source-ids", source, "--print-ids", "-n", std::to_string(greedy.size())}) +
               " 2>/dev/null"});
  std::string const got = printed.substr(0, printed.find('\n'));
  if (got != blanked(greedy)) throw std::runtime_error("greedy ids are\n" + got + "\nexpected\n" + blanked(greedy));
  if (expected.contains("text")) check_text(program, expected);
}

void check_encoder(std::string const& program, nlohmann::json const& expected, fs::path const& fixture,
                   fs::path const& work) {
  std::vector<std::string> call{program, "embed", "--ids", joined(expected.at("prompt").get<std::vector<int>>())};
  if (expected.contains("segments") && !expected.at("segments").is_null())
    call.insert(call.end(), {"--segments", joined(expected.at("segments").get<std::vector<int>>())});
  auto const pooled = [&](char const* how) {
    auto full = call;
    full.insert(full.end(), {"--pool", how});
    return result_of(full, work);
  };
  compare("hidden states", pooled("none"), read_npy(fixture / "hidden.npy"));
  if (fs::exists(fixture / "pooler.npy")) compare("pooler", pooled("pooler"), read_npy(fixture / "pooler.npy"));
  auto const headed = [&](char const* subcommand, char const* file) {
    if (!fs::exists(fixture / file)) return;
    auto full = call;
    full[1] = subcommand;
    compare(subcommand, result_of(full, work), read_npy(fixture / file));
  };
  headed("classify", "labels.npy");
  headed("fill", "fill.npy");
}

void check(std::string const& command, fs::path const& fixture, fs::path const& work,
           std::vector<std::string> const& more_options) {
  fs::remove_all(work);
  fs::create_directories(work);
  // By one name for all: fixtures of equal shapes are then the same unit, which a compiler cache knows.
  auto const named = work / "fixture";
  fs::create_directory_symlink(fs::absolute(fixture), named);
  std::ifstream in(fixture / "ids.json");
  auto const expected = nlohmann::json::parse(in);
  std::string const program = (work / "program").string();
  std::vector<std::string> build{command, "build",      (named / expected.value("checkpoint", "")).string(), "-o",
                                 program, "--ctx-size", std::to_string(expected.at("context").get<int>())};
  auto const options = expected.value("options", std::vector<std::string>{});
  build.insert(build.end(), options.begin(), options.end());
  build.insert(build.end(), more_options.begin(), more_options.end());
  auto const asked = [&](char const* option) {
    auto const at = std::find(more_options.begin(), more_options.end(), option);
    return at == more_options.end() ? std::string() : *std::next(at);
  };
  if (auto const kept = asked("--kv-dtype"); !kept.empty()) logits_file = "logits_kv_" + kept + ".npy";
  if (asked("--inputs") == "bf16") logits_file = "logits_inputs_bf16.npy";
  run(build);
  if (expected.contains("source")) {
    check_translator(program, expected, fixture, work);
  } else if (fs::exists(fixture / "hidden.npy")) {
    check_encoder(program, expected, fixture, work);
  } else {
    check_decoder(program, expected, fixture, work);
  }
  fs::remove_all(work);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("usage: check_fixture COMMAND FIXTURE WORK [BOUND OPTION...]\n", stderr), 2;
  try {
    if (argc > 4) bound = std::stod(argv[4]);
    check(argv[1], argv[2], argv[3], {argv + std::min(argc, 5), argv + argc});
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
