// The trained transliteration model of CTranslate2's tests from its folder to a program, float32 and int8: the beams
// that the program prints are those that CTranslate2 found (transliteration.json), and greedy words are the best of one
// beam.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;

// A vocabulary with the token for unknown ones, which CTranslate2 puts behind the others where it is missing.
std::filesystem::path vocabulary(std::string const& side) {
  auto const file = workshop() / ("transliteration_" + side + ".txt");
  std::string lines = read_text(shared_data("aren-transliteration") / (side + "_vocabulary.txt"));
  if (lines.find("<unk>") == std::string::npos) lines += "<unk>\n";
  if (!std::filesystem::exists(file) || read_text(file) != lines) std::ofstream(file) << lines;
  return file;
}

// A folder as CTranslate2 has it, of one of the files.
std::filesystem::path checkpoint_of(std::string const& name, std::string const& model) {
  return linked_checkpoint(name, {{"model.bin", shared_data("aren-transliteration") / model},
                                  {"source_vocabulary.txt", vocabulary("source")},
                                  {"target_vocabulary.txt", vocabulary("target")}});
}

// The tokens of a text: each of its characters is a line of the vocabulary.
std::vector<int> ids_of(std::string const& side, std::string const& text) {
  std::vector<std::string> lines;
  std::ifstream in(vocabulary(side));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::vector<int> out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    auto const found = std::ranges::find(lines, text.substr(i, end - i));
    REQUIRE(found != lines.end());
    out.push_back(static_cast<int>(found - lines.begin()));
    i = end;
  }
  return out;
}

struct printed {
  double score;
  std::string ids;
};

std::vector<printed> lines_of(std::string const& out) {
  std::vector<printed> found;
  std::istringstream in(out);
  for (std::string line; std::getline(in, line);) {
    auto const tab = line.find('\t');
    REQUIRE(tab != std::string::npos);
    found.push_back({std::stod(line.substr(0, tab)), line.substr(tab + 1)});
  }
  return found;
}

void check_beams(std::string const& model, json const& wanted) {
  CAPTURE(wanted.dump());
  auto const beams = std::to_string(wanted.at("beams").get<int>());
  std::vector<std::string> const call{model,
                                      "translate",
                                      "--print-ids",
                                      "--scores",
                                      "--beam-rule",
                                      "ct2",
                                      "--source-ids",
                                      joined(ids_of("source", wanted.at("source")), ','),
                                      "--beam-size",
                                      beams,
                                      "--n-best",
                                      beams,
                                      "--length-penalty",
                                      wanted.at("length_penalty").dump(),
                                      "--coverage-penalty",
                                      wanted.at("coverage_penalty").dump()};
  auto const found = lines_of(output_of(call));
  REQUIRE(found.size() == wanted.at("found").size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto ids = ids_of("target", wanted.at("found")[i].at("text"));
    ids.push_back(2);  // </s>
    CHECK(found[i].ids == joined(ids, ' '));
    // 1e-5 of a mean over tokens, as in transliteration.cpp.
    auto const count = static_cast<double>(ids.size());
    double const tolerance = 1e-5 * count / std::pow(count, wanted.at("length_penalty").get<double>());
    CHECK(std::abs(found[i].score - wanted.at("found")[i].at("score").get<double>()) < tolerance);
  }
}

void check_program(std::string const& name, std::string const& file, char const* list) {
  std::string const model = program(name, checkpoint_of(name, file));
  auto const golden = read_json(source("tests/real/transliteration.json"));
  std::size_t checked = 0;
  for (auto const& wanted : golden.at(list)) {
    if (!wanted.at("prefix").get<std::string>().empty()) continue;  // --prefix takes text
    check_beams(model, wanted);
    ++checked;
  }
  CHECK(checked >= 15);
}

}  // namespace

TEST_CASE("a built transliteration program prints the beams that CTranslate2 finds") {
  check_program("transliteration", "v2_aren-transliteration.model.bin", "float32");
}

TEST_CASE("and that of the int8 file those that CTranslate2 finds with it") {
  check_program("transliteration_i8", "v2_aren-transliteration-i8.model.bin", "int8");
}

TEST_CASE("bench translates as translate does") {
  std::string const model =
      program("transliteration", checkpoint_of("transliteration", "v2_aren-transliteration.model.bin"));
  auto const word = ids_of("source", "آتزمون");  // atzmon, and the end
  std::vector<std::string> call{model, "bench", "--source-ids", joined(word, ','), "-r", "2", "-t", "1", "-o", "json"};
  auto const greedy = json::parse(output_of(call)).at(0);
  CHECK(greedy.at("test") == "translate, greedy");
  CHECK(greedy.at("tokens") == 7);
  call.insert(call.end(), {"--beam-size", "4", "--beam-rule", "ct2"});
  auto const beams = json::parse(output_of(call)).at(0);
  CHECK(beams.at("test") == "translate, beam 4");
  CHECK(beams.at("tokens") == 7);
}
