// The splits that tokenizer.ggml.pre names, against the tokenizers library with the patterns of the originals
// (make_splits.py).
#include <catch2/catch_test_macros.hpp>
#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/text/load.hpp"
#include "support.hpp"
#include "text/blob_reader.hpp"
#include "text/sources/vocabulary.hpp"
#include "text/split.hpp"

using namespace constformer;
using namespace text_test;
using nlohmann::json;

namespace {

std::vector<std::string> pieces_by(std::vector<split_step> const& steps, std::string_view text) {
  tokenizer_data data;
  data.byte_ids.fill(-1);
  data.splits = steps;
  std::vector<std::byte> const blob = pack(data);
  text::blob_reader const reader(blob);
  std::vector<std::string> out;
  text::splitter(reader).apply(text, true, [&](std::string_view word) { out.emplace_back(word); });
  return out;
}

void check_name(std::string const& name, json const& texts, json const& pieces) {
  auto const splits = text::splits_of_gguf(name);
  REQUIRE(splits);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CAPTURE(name, i);
    CHECK(pieces_by(splits->steps, texts[i].get<std::string>()) == pieces[i].get<std::vector<std::string>>());
  }
}

}  // namespace

TEST_CASE("splits: each name cuts as the original's pattern does") {
  json const file = read_json(fixtures().parent_path() / "splits.json");
  for (auto const& [name, pieces] : file["pieces"].items()) {
    check_name(name, file["texts"], pieces);
    std::istringstream others(file["same"].value(name, ""));
    for (std::string other; others >> other;) check_name(other, file["texts"], pieces);
  }
}

// Those that have vectors of their own, or patterns that no original has; a name that is in neither list is not tested.
TEST_CASE("splits: every name is tested") {
  json const file = read_json(fixtures().parent_path() / "splits.json");
  std::vector<std::string> tested{"default",    "falcon",     "gemma4",          "granite-embed-multi-311m",
                                  "sarvam-moe", "whitespace", "tiktoken-cl100k", "nanochat"};
  for (auto const& [name, pieces] : file["pieces"].items()) tested.push_back(name);
  for (auto const& [name, others] : file["same"].items()) {
    std::istringstream list(others.get<std::string>());
    for (std::string other; list >> other;) tested.push_back(other);
  }
  for (std::string_view const name : text::names_of_splits()) {
    CAPTURE(name);
    CHECK(std::ranges::find(tested, name) != tested.end());
  }
  CHECK(text::names_of_splits().size() == tested.size());
}

TEST_CASE("splits: blanks are marked where the vocabulary marks them") {
  for (char const* const name : {"gemma4", "granite-embed-multi-311m", "sarvam-moe"}) {
    auto const splits = text::splits_of_gguf(name);
    REQUIRE(splits);
    CHECK(splits->marked);
    CHECK_FALSE(splits->in_bytes);
    CHECK(pieces_by(splits->steps, "a b\nc") == std::vector<std::string>{"a b\nc"});
  }
  CHECK(pieces_by(text::splits_of_gguf("whitespace")->steps, " a  b\nc") == std::vector<std::string>{"a", "b", "c"});
  CHECK_FALSE(text::splits_of_gguf("odd"));
  CHECK_FALSE(text::splits_of_gguf("gpt-2 phi-2"));
  CHECK_FALSE(text::splits_of_gguf(""));
}

// tokenizer.json may split where a pattern matches nothing, as before every third digit from the right.
TEST_CASE("splits: a match of nothing separates") {
  std::vector<split_step> const steps{{split_kind::match, "(?=(\\d{3})+(?!\\d))", split_behavior::isolated, false}};
  CHECK(pieces_by(steps, "1234567") == std::vector<std::string>{"1", "234", "567"});
  CHECK(pieces_by(steps, "ab") == std::vector<std::string>{"ab"});
}
