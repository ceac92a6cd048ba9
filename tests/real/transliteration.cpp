// The trained transliteration model of CTranslate2's tests, float32 and int8 files, against what CTranslate2 gave:
// greedy words, log-probabilities to 1e-5, and the four best words of a beam search in order. Its vocabularies cut text
// into characters.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "command/pack_weights.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/configs/aren_transliteration.hpp"
#include "constformer/generate/beam_search.hpp"
#include "constformer/generate/engine-inl.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/text/tokenizer_data.hpp"

namespace {

namespace fs = std::filesystem;
using namespace constformer;
using nlohmann::json;

constexpr double tolerance = 5e-6;  // of natural logarithms

fs::path data() {
  char const* const shared = std::getenv("CONSTFORMER_SHARED");
  fs::path const folder = fs::path(shared == nullptr ? "" : shared) / "data" / "aren-transliteration";
  if (!fs::exists(folder)) SKIP("needs the shared data");
  return folder;
}

std::map<std::string, int> vocabulary(fs::path const& file) {
  std::map<std::string, int> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) out.emplace(line, static_cast<int>(out.size()));
  return out;
}

// A folder as CTranslate2 has it, of one of the files.
fs::path folder_of(fs::path const& data, char const* model) {
  fs::path const out = fs::temp_directory_path() / ("constformer-" + std::string(model));
  fs::remove_all(out);
  fs::create_directories(out);
  fs::copy_file(data / model, out / "model.bin");
  for (char const* const side : {"source_vocabulary.txt", "target_vocabulary.txt"})
    fs::copy_file(data / side, out / side);
  return out;
}

struct translator {
  std::vector<float> weights;
  std::map<std::string, int> source, target;
  special_ids ids;

  explicit translator(char const* model)
      : weights(static_cast<std::size_t>(packed_layout_of(configs::aren_transliteration).bytes) / sizeof(float)) {
    fs::path const folder = folder_of(data(), model);
    checkpoint const opened = open_checkpoint(folder);
    REQUIRE(opened.model == configs::aren_transliteration);
    ids = opened.ids;
    command::pack_weights(opened, opened.model, std::as_writable_bytes(std::span(weights)));
    source = vocabulary(folder / "source_vocabulary.txt");
    target = vocabulary(folder / "target_vocabulary.txt");
    fs::remove_all(folder);
  }

  [[nodiscard]] std::unique_ptr<session> start(int sequences) const {
    return HWY_NAMESPACE::start_session<configs::aren_transliteration>(
        reinterpret_cast<std::byte const*>(weights.data()), {.threads = 1, .capacity = 64, .sequences = sequences});
  }

  static std::vector<int> ids_of(std::map<std::string, int> const& vocabulary, json const& tokens) {
    std::vector<int> out;
    for (auto const& token : tokens) {
      auto const found = vocabulary.find(token.get<std::string>());
      REQUIRE(found != vocabulary.end());
      out.push_back(found->second);
    }
    return out;
  }
};

double log_probability(std::span<float const> logits, int id) {
  double top = -1e30, sum = 0;
  for (float const x : logits) top = std::max(top, static_cast<double>(x));
  for (float const x : logits) sum += std::exp(static_cast<double>(x) - top);
  return static_cast<double>(logits[static_cast<std::size_t>(id)]) - top - std::log(sum);
}

int greatest(std::span<float const> logits) {
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

void check_greedy(translator const& model, json const& word) {
  auto const s = model.start(1);
  s->start_source(model.ids_of(model.source, word.at("src")));
  auto const tokens = model.ids_of(model.target, word.at("tokens"));  // the end included
  auto logits = s->append(std::vector{*model.ids.decoder_start});
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    CHECK(std::abs(log_probability(logits, tokens[i]) - word.at("token_log_probs")[i].get<double>()) < tolerance);
    CHECK(greatest(logits) == tokens[i]);
    logits = s->append(std::span(&tokens[i], 1));
  }
}

void check_beams(translator const& model, json const& word) {
  auto const s = model.start(4);
  s->start_source(model.ids_of(model.source, word.at("src")));
  beam_search search({.rule = beam_rule::ctranslate2, .beams = 4, .best = 4}, model.ids.eos, 43, s->capacity());
  int const start = *model.ids.decoder_start;
  auto const found = search.run(*s, {.prompt = std::span(&start, 1), .prefix = {}, .min_tokens = 1});
  auto const& wanted = word.at("beam4");
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto const& ids = found[i].ids;
    std::vector<int> const got(ids.begin(), ids.end() - (ids.back() == model.ids.eos.front() ? 1 : 0));
    CHECK(got == model.ids_of(model.target, wanted[i].at("tokens")));
    // Its first token cannot be the end token, whose probability (up to 1.2e-4 here) goes to the others: with that,
    // float64 gives these scores to 5e-7.
    CHECK(std::abs(static_cast<double>(found[i].score) - wanted[i].at("score_norm").get<double>()) < tolerance);
  }
}

json golden_searches() {
  std::ifstream in(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/real/transliteration.json");
  return json::parse(in);
}

// Of a text in UTF-8, one id per character.
std::vector<int> character_ids(std::map<std::string, int> const& vocabulary, std::string const& text) {
  std::vector<int> out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    auto const found = vocabulary.find(text.substr(i, end - i));
    REQUIRE(found != vocabulary.end());
    out.push_back(found->second);
    i = end;
  }
  return out;
}

void check_search(translator const& model, json const& wanted) {
  CAPTURE(wanted.dump());
  int const beams = wanted.at("beams");
  auto const s = model.start(beams);
  s->start_source(character_ids(model.source, wanted.at("source")));
  beam_search search({.rule = beam_rule::ctranslate2,
                      .beams = beams,
                      .length_penalty = wanted.at("length_penalty"),
                      .best = beams,
                      .coverage_penalty = wanted.at("coverage_penalty")},
                     model.ids.eos, 43, s->capacity());
  int const start = *model.ids.decoder_start;
  auto const prefix = character_ids(model.target, wanted.at("prefix"));
  auto const found = search.run(*s, {.prompt = std::span(&start, 1), .prefix = prefix, .min_tokens = 1});
  REQUIRE(found.size() == wanted.at("found").size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto ids = character_ids(model.target, wanted.at("found")[i].at("text"));
    ids.push_back(model.ids.eos.front());
    CHECK(std::vector<int>(found[i].ids.begin(), found[i].ids.end()) == ids);
    // Of a mean over tokens: a sum of n may be n times as far off.
    auto const count = static_cast<double>(ids.size());
    double const allowed = tolerance * count / std::pow(count, wanted.at("length_penalty").get<double>());
    CHECK(std::abs(static_cast<double>(found[i].score) - wanted.at("found")[i].at("score").get<double>()) < allowed);
  }
}

// The one text that these tokens are.
std::string joined(json const& tokens) {
  std::string out;
  for (auto const& token : tokens) out += token.get<std::string>();
  return out;
}

}  // namespace

TEST_CASE("searches with coverage penalties, length penalties and prefixes find what CTranslate2 finds") {
  auto const golden = golden_searches();
  for (auto const& [file, name] : {std::pair{"v2_aren-transliteration.model.bin", "float32"},
                                   std::pair{"v2_aren-transliteration-i8.model.bin", "int8"}}) {
    CAPTURE(name);
    translator const model(file);
    for (auto const& wanted : golden.at(name)) check_search(model, wanted);
  }
}

TEST_CASE("attention over the source is what CTranslate2 returns") {
  auto const golden = golden_searches().at("attention");
  translator const model("v2_aren-transliteration.model.bin");
  auto const s = model.start(2);
  auto const source = character_ids(model.source, golden.at("source"));
  CHECK_THROWS(s->source_attention(0));
  s->start_source(source);
  CHECK_THROWS(s->source_attention(0));
  int token = *model.ids.decoder_start;
  auto const text = character_ids(model.target, golden.at("text"));
  for (std::size_t i = 0; i < golden.at("rows").size(); ++i) {
    s->append(std::span(&token, 1));
    auto const attention = s->source_attention(0);
    REQUIRE(attention.size() == source.size());
    for (std::size_t k = 0; k < source.size(); ++k)
      CHECK(std::abs(static_cast<double>(attention[k]) - golden.at("rows")[i][k].get<double>()) < 1e-5);
    if (i < text.size()) token = text[i];
  }
}

TEST_CASE("the text of the transliteration model is cut into its characters, and comes back") {
  fs::path const folder = folder_of(data(), "v2_aren-transliteration.model.bin");
  auto const blob = pack(load_tokenizer_source(folder));
  auto const text = open_tokenizer(blob);
  auto const source = vocabulary(folder / "source_vocabulary.txt");
  auto const target = vocabulary(folder / "target_vocabulary.txt");
  fs::remove_all(folder);
  CHECK(text->vocab_size() == 51);
  CHECK(text->target().vocab_size() == 43);
  std::ifstream in(data() / "golden" / "aren_golden.json");
  auto const golden = json::parse(in);
  for (auto const& word : golden.at("cases")) {
    CAPTURE(word.at("src").dump());
    CHECK(text->encode(joined(word.at("src")) + "\n") == translator::ids_of(source, word.at("src")));
    CHECK(text->target().decode(translator::ids_of(target, word.at("tokens"))) == joined(word.at("greedy")));
  }
}

TEST_CASE("the transliteration model's words, scores and beams are CTranslate2's") {
  std::ifstream in(data() / "golden" / "aren_golden.json");
  auto const golden = json::parse(in);
  translator const model("v2_aren-transliteration.model.bin");
  for (auto const& word : golden.at("cases")) {
    CAPTURE(word.at("src").dump());
    check_greedy(model, word);
    check_beams(model, word);
  }
}

TEST_CASE("its int8 file is read, and spells the same words but where two are close") {
  std::ifstream in(data() / "golden" / "aren_golden.json");
  auto const golden = json::parse(in);
  translator const model("v2_aren-transliteration-i8.model.bin");
  int same = 0;
  for (auto const& word : golden.at("cases")) {
    auto const s = model.start(1);
    s->start_source(model.ids_of(model.source, word.at("src")));
    auto const tokens = model.ids_of(model.target, word.at("tokens"));
    auto logits = s->append(std::vector{*model.ids.decoder_start});
    bool all = true;
    for (int const& token : tokens) {
      all = all && greatest(logits) == token;
      logits = s->append(std::span(&token, 1));
    }
    same += all ? 1 : 0;
  }
  CHECK(same >= 8);
}
