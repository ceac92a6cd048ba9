// What a checkpoint asks of generation, by a program against transformers' generate() (make_generation.py), and numbers
// that are not finite. One program serves all weights of its shape.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/open.hpp"
#include "constformer/core/error.hpp"
#include "pack.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;
namespace fs = std::filesystem;

void write(fs::path const& file, std::string const& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

// Puts `values` from value `first` of an f32 tensor on into a safetensors file.
void overwrite(std::string& file, std::string const& tensor, std::size_t first, std::vector<float> const& values) {
  std::uint64_t header = 0;
  std::memcpy(&header, file.data(), sizeof header);
  json const described = json::parse(file.substr(sizeof header, header));
  std::size_t const begin = described.at(tensor).at("data_offsets")[0];
  std::size_t const at = sizeof header + header + begin + first * sizeof(float);
  std::memcpy(file.data() + at, values.data(), values.size() * sizeof(float));
}

// A fixture's program, whose packed file lies beside it, in a folder of its own.
struct served {
  fs::path fixture;
  fs::path folder;
  std::string name;  // by which the program looks for its packed file

  explicit served(std::string const& local) : fixture(source("tests/parity") / local) {
    std::string const build = "generation_" + fixture.filename().string();
    fs::path const made = program(build, fixture, {"--weights", "beside"});
    name = made.filename().string();
    folder = fresh_folder(build);
    fs::copy_file(made, folder / name);
  }

  [[nodiscard]] std::string path() const { return (folder / name).string(); }

  // Packs the fixture with other settings, and with `values` from the tensor's value `first` on.
  void pack(json const& config, json const& generation, std::string const& tensor = "", std::size_t first = 0,
            std::vector<float> const& values = {}) const {
    fs::path const checkpoint = folder / "checkpoint";
    fs::remove_all(checkpoint);
    fs::create_directories(checkpoint);
    std::string weights = read_text(fixture / "model.safetensors");
    if (!tensor.empty()) overwrite(weights, tensor, first, values);
    write(checkpoint / "model.safetensors", weights);
    json settings = read_json(fixture / "config.json");
    if (!config.empty()) settings.update(config);
    write(checkpoint / "config.json", settings.dump());
    if (!generation.empty()) write(checkpoint / "generation_config.json", generation.dump());
    auto const opened = constformer::open_checkpoint(checkpoint);
    constformer::command::pack_checkpoint(opened, opened.model, path() + ".weights");
  }
};

// A program for texts prints no end token, one for translations and beams does.
std::vector<int> without_end(std::vector<int> ids, json const& stated) {
  auto const ends = stated.value("eos_token_id", json::array());
  if (!ids.empty() && ends.is_array() && std::ranges::find(ends, json(ids.back())) != ends.end()) ids.pop_back();
  return ids;
}

}  // namespace

TEST_CASE("generation_config.json: ids are those of transformers' generate") {
  for (json const& model : read_json(source("tests/real/generation.json"))) {
    served const program(model.at("fixture"));
    bool const two_sides = model.at("fixture").get<std::string>().find("t5") != std::string::npos;
    for (json const& c : model.at("cases")) {
      CAPTURE(model.at("fixture").get<std::string>(), c.at("generation").dump(), c.at("config").dump());
      program.pack(c.at("config"), c.at("generation"));
      std::string const prompt = joined(c.at("prompt").get<std::vector<int>>(), ',');
      std::vector<std::string> call{program.path()};
      if (two_sides) call.emplace_back("translate");
      call.insert(call.end(), {two_sides ? "--source-ids" : "--ids", prompt, "--print-ids"});
      auto want = c.at("want").get<std::vector<int>>();
      bool const ends_shown = two_sides || c.at("generation").contains("num_beams");
      if (!ends_shown) want = without_end(std::move(want), c.at("generation"));
      CHECK(output_of(call) == joined(want, ' ') + "\n");
    }
  }
}

TEST_CASE("numbers that are not finite: a program names the place, a build the tensor, and no token is chosen") {
  served const program("fixtures/llama_gqa_3_kv_heads");
  constexpr float large = 3e38F;
  auto const sentence = [&](char const* tensor, std::size_t count, std::vector<std::string> call) {
    program.pack({}, {}, tensor, 0, std::vector<float>(count, large));
    call.insert(call.begin(), program.path());
    auto const result = run(call);
    CHECK(result.status == 1);
    CHECK(result.out.empty());
    return result.err.substr(std::min(result.err.find("error: "), result.err.size()));
  };
  std::vector<std::string> const greedy{"--ids", "4,7,11,7", "-n", "3", "--print-ids"};
  std::vector<std::string> const score{"score", "--ids", "4,7,11,7"};
  CHECK(sentence("model.norm.weight", 12, greedy) ==
        "error: the row of logits at position 3 (token 7) is not finite: value 0 of 53 is not a number\n");
  CHECK(sentence("model.norm.weight", 12, score) ==
        "error: the row of logits at position 0 (token 4) is not finite: value 0 of 53 is not a number\n");
  for (auto const& call : {greedy, score})
    CHECK(sentence("model.layers.1.mlp.down_proj.weight", 5, call) ==
          "error: the hidden state after the last layer at position 3 (token 7) is not finite: value 0 of 12 is "
          "infinite\n");

  for (float const value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::string refusal;
    try {
      program.pack({}, {}, "model.layers.1.mlp.down_proj.weight", 5, {value});
    } catch (constformer::error const& problem) {
      refusal = problem.what();
    }
    CHECK(refusal.find("model.layers.1.mlp.down_proj.weight") != std::string::npos);
  }
}
