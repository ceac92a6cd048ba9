// Every key of a config.json against what transformers does with it: make_config_keys.py set the keys in the files of
// tiny models and saw which change logits. What does must change our config or be refused.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "checkpoint/readers/config_keys.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/error.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
using nlohmann::json;

namespace {

json record() { return json::parse(read_all(fixtures().parent_path().parent_path() / "formats" / "config_keys.json")); }

// Nothing where the file is refused.
std::optional<hugging_face_config> read(json const& file) {
  try {
    return read_hugging_face_config(file.dump(), "config.json");
  } catch (error const&) {
    return std::nullopt;
  }
}

bool computes_the_same(hugging_face_config const& a, hugging_face_config const& b) {
  return a.model == b.model && a.ties_head == b.ties_head;
}

json patched(json file, json const& keys) {
  file.update(keys);
  return file;
}

// "" where our reader does right by what the key does in transformers; otherwise what is wrong.
std::string verdict(json const& base, json const& keys, std::set<std::string> const& effects) {
  auto const before = read(base);
  if (!before) return "the base file is refused";
  auto const after = read(patched(base, keys));
  bool const counts = effects.contains("logits") || effects.contains("tensors");
  if (!after) return "";
  if (!computes_the_same(*before, *after)) return "";
  if (counts) return "it changes what transformers computes and nothing here";
  for (unread_key const& key : after->unread)
    if (key.why.empty()) return "nobody knows " + key.key;
  return "";
}

}  // namespace

TEST_CASE("config.json: every key of transformers' classes is read, refused or left unread for a reason",
          "[config_keys]") {
  json const all = record();
  REQUIRE(all["transformers"].contains("5"));
  REQUIRE(all["transformers"].contains("4"));
  REQUIRE(all["families"].size() >= 21);
  for (auto const& [name, family] : all["families"].items())
    for (json const& probe : family["probes"]) {
      // Where the releases disagree (a "type" beside a rope_type, a tie that an mT5 says), the newer one counts.
      std::set<std::string> const effects{probe[2].at(probe[2].contains("5") ? "5" : "4").get<std::string>()};
      INFO(name << ", base " << probe[0].dump() << ", with " << probe[1].dump() << ": " << probe[2].dump());
      CHECK(verdict(family["bases"][probe[0].get<std::string>()], probe[1], effects) == "");
    }
}

TEST_CASE("config.json: what transformers does not read changes no arithmetic", "[config_keys]") {
  // Lengths bound programs, or matter to longer texts than the tiny models saw; whether a head is tied is settled with
  // the tensors; and heads of eight dims have too few frequencies for every option of their scaling to show.
  std::set<std::string> const beyond{"max_position_embeddings", "n_positions", "sliding_window", "tie_word_embeddings",
                                     "rope_scaling"};
  json const all = record();
  for (auto const& [name, family] : all["families"].items())
    for (json const& probe : family["probes"]) {
      std::set<std::string> effects;
      for (auto const& [version, effect] : probe[2].items()) effects.insert(effect.get<std::string>());
      if (effects != std::set<std::string>{"none"} || beyond.contains(probe[1].begin().key())) continue;
      json const& base = family["bases"][probe[0].get<std::string>()];
      auto const before = read(base), after = read(patched(base, probe[1]));
      INFO(name << ", base " << probe[0].dump() << ", with " << probe[1].dump());
      REQUIRE(before);
      if (after) CHECK(computes_the_same(*before, *after));
    }
}

TEST_CASE("config.json: T5 scales its logits as the file says, whichever release wrote it", "[config_keys]") {
  json const bases = record()["families"]["t5"]["bases"];
  REQUIRE(bases.size() == 4);
  CHECK(read(bases["plain"])->model.logit_scale < 1.0F);
  CHECK(read(bases["saved_by_4"])->model.logit_scale == 1.0F);
  CHECK(read(bases["saved_by_5"])->model.logit_scale == 1.0F);
  CHECK(read(patched(bases["saved_by_5"], {{"scale_decoder_outputs", true}}))->model.logit_scale < 1.0F);
}

TEST_CASE("config.json: keys that are not read are listed with their reasons, others without", "[config_keys]") {
  json file = record()["families"]["llama"]["bases"]["linear"];
  file["attention_dropout"] = 0.5;
  file["rope_scaling"]["high_freq_factor"] = 4;
  file["tuned_by"] = "someone";
  auto const unread = read(file)->unread;
  auto const find = [&](std::string_view key) {
    return std::ranges::find_if(unread, [&](unread_key const& k) { return k.key == key; });
  };
  REQUIRE(unread.size() == 3);
  CHECK(find("attention_dropout")->why == "only training has it");
  CHECK(find("attention_dropout")->value == "0.5");
  CHECK_FALSE(find("rope_scaling.high_freq_factor")->why.empty());
  CHECK(find("tuned_by")->why.empty());
}

TEST_CASE("config.json: two names of one size must agree", "[config_keys]") {
  json const file = record()["families"]["gpt2"]["bases"]["plain"];
  CHECK(read(patched(file, {{"hidden_size", 32}}))->model.d_model == 32);
  CHECK(sentence_of([&] {
          static_cast<void>(read_hugging_face_config(patched(file, {{"hidden_size", 64}}).dump(), "C"));
        }) == "C: field \"hidden_size\" is 64, which is another name of \"n_embd\", 32");
}

TEST_CASE("config.json: the tables name a key once for each family", "[config_keys]") {
  for (spare_key const& key : spare_keys()) {
    CHECK_FALSE(key.why.empty());
    CHECK_FALSE(key.keys.empty());
  }
  for (fixed_key const& key : fixed_keys()) CHECK_FALSE(key.expected.empty());
  CHECK(is_listed("t5 marian", "marian"));
  CHECK_FALSE(is_listed("t5 marian", "mar"));
  CHECK(is_listed("", "any"));
}
