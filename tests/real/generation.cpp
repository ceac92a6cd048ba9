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

  explicit served(std::string const& local) : fixture(source("tests/parity") / local) {
    std::string const name = "generation_" + fixture.filename().string();
    std::string const made = program(name, fixture, {"--weights", "beside"});
    folder = fresh_folder(name);
    fs::copy_file(made, folder / "model");
  }

  [[nodiscard]] std::string path() const { return (folder / "model").string(); }

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
    settings.update(config);
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
  constexpr std::size_t width = 12, vocab = 53;
  constexpr float large = 3e38F;
  auto const refusal = [&](std::vector<std::string> call) {
    call.insert(call.begin(), program.path());
    auto const result = run(call);
    CHECK(result.status == 1);
    CHECK(result.out.empty());
    return result.err;
  };
  std::vector<std::string> const greedy{"--ids", "4,7,11,7", "-n", "3", "--print-ids"};

  program.pack({}, {}, "model.norm.weight", 0, std::vector<float>(width, large));
  std::string const hidden = "the hidden state after the last layer at position 0 (token 4) is not finite: value ";
  for (auto const& call : {greedy, std::vector<std::string>{"score", "--ids", "4,7,11,7"}})
    CHECK(refusal(call).find(hidden) != std::string::npos);

  program.pack({}, {}, "model.embed_tokens.weight", 11 * width, std::vector<float>(width, 1e30F));
  CHECK(refusal(greedy).find("after the last layer at position 2 (token 11) is not finite") != std::string::npos);

  program.pack({}, {}, "lm_head.weight", 0, std::vector<float>(vocab * width, large));
  CHECK(refusal(greedy).find("the logits at position 3 (token 7) is not finite: value 0 of 53 is ") !=
        std::string::npos);

  for (float const value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::string sentence;
    try {
      program.pack({}, {}, "model.layers.1.mlp.down_proj.weight", 5, {value});
    } catch (constformer::error const& problem) {
      sentence = problem.what();
    }
    CHECK(sentence.find("model.layers.1.mlp.down_proj.weight") != std::string::npos);
  }
}
