// Conversations and documents in rows, as nanochat's own loaders and transformers' apply_chat_template have them
// (make_vectors.py).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>

#include "constformer/data/training_data.hpp"
#include "data/documents.hpp"
#include "support.hpp"

using namespace constformer;
using namespace data_test;

namespace {

using matrix = std::vector<std::vector<std::int32_t>>;

std::filesystem::path write_lines(scratch const& in, std::string const& name, nlohmann::json const& lines) {
  std::string out;
  for (auto const& line : lines) out += line.dump() + "\n";
  return in.write(name, out);
}

std::unique_ptr<data::document_reader> reader(std::filesystem::path const& path, tokenizer const& text,
                                              data_options const& options = {}) {
  auto const lines = std::make_shared<data::mapped_lines const>(std::vector{path}, false);
  return data::read_conversations(data::split(lines, 0.0).train, text, options);
}

// nanochat fills rows up with the token that begins a text.
void check_rows(batch_source& source, nlohmann::json const& want, int length, tokenizer const& text) {
  for (auto const& batch : want) {
    ragged_batch const& got = source.next();
    CHECK(padded_rows(got, &batch_sequence::tokens, length, text.special().bos.value()) == batch["x"].get<matrix>());
    CHECK(padded_rows(got, &batch_sequence::targets, length) == batch["y"].get<matrix>());
  }
}

std::vector<int> as_ints(std::vector<bool> const& flags) { return {flags.begin(), flags.end()}; }

// A vocabulary of the fixtures with special tokens behind its own.
opened_tokenizer with_tokens(scratch const& in, std::string const& name, std::vector<std::string> const& more) {
  auto all = nlohmann::json::parse(std::ifstream(fixture_path(name) / "tokenizer.json"));
  int next = 0;
  for (auto const& id : all["model"]["vocab"]) next = std::max(next, id.get<int>() + 1);
  for (auto const& token : all["added_tokens"]) next = std::max(next, token["id"].get<int>() + 1);
  for (auto const& token : more)
    all["added_tokens"].push_back({{"id", next++},
                                   {"content", token},
                                   {"single_word", false},
                                   {"lstrip", false},
                                   {"rstrip", false},
                                   {"normalized", false},
                                   {"special", true}});
  in.write("tokenizer_config.json", R"({"bos_token": "<|bos|>", "eos_token": "<|endoftext|>"})");
  in.write("tokenizer.json", all.dump());
  return opened_tokenizer(in.folder);
}

}  // namespace

TEST_CASE("conversations have nanochat's tokens and targets") {
  scratch const in;
  auto const text = fixture("nanochat");
  auto const documents = reader(write_lines(in, "talks.jsonl", packed()["talks"]), *text.tokens);
  REQUIRE(documents->size() == packed()["rendered"].size());
  for (std::size_t i = 0; i < documents->size(); ++i) {
    auto const got = documents->read(i);
    CHECK(got.ids == packed()["rendered"][i]["ids"].get<std::vector<std::int32_t>>());
    CHECK(as_ints(got.target) == packed()["rendered"][i]["mask"].get<std::vector<int>>());
  }
}

TEST_CASE("conversations are packed into the rows of nanochat's chat_sft, and go on bit for bit") {
  scratch const in;
  auto const text = fixture("nanochat");
  auto const path = write_lines(in, "talks.jsonl", packed()["talks"]);
  int const length = packed()["sft"]["length"];
  auto const data =
      open_training_data({.files = {path}, .validation_share = 0.0, .sequences = 3, .length = length, .buffer = 6},
                         text.tokens.get(), nullptr);
  check_rows(*data.train, packed()["sft"]["batches"], length, *text.tokens);
  CHECK(data.train->epoch() >= 1);
  check_resuming(*data.train, 9);
}

TEST_CASE("documents are packed into the rows of nanochat's base_train, and go on bit for bit") {
  scratch const in;
  auto const text = fixture("nanochat");
  nlohmann::json lines;
  std::string plain;
  for (auto const& t : packed()["pretraining"]["texts"]) {
    lines.push_back({{"text", t}});
    plain += t.get<std::string>() + "\n";
  }
  bool const json = GENERATE(true, false);
  auto const path = json ? write_lines(in, "texts.jsonl", lines) : in.write("texts.txt", plain);
  auto const data = open_training_data({.files = {path},
                                        .validation_share = 0.0,
                                        .kind = data_kind::documents,
                                        .sequences = 2,
                                        .length = 40,
                                        .buffer = 10},
                                       text.tokens.get(), nullptr);
  check_rows(*data.train, packed()["pretraining"]["batches"], 40, *text.tokens);
  check_resuming(*data.train, 30);
}

TEST_CASE(
    "a conversation that is longer than a row is cut, one without a reply in it left out; no row is without targets") {
  scratch const in;
  auto const text = fixture("nanochat");
  auto const path = write_lines(in, "talks.jsonl", packed()["talks"]);
  auto const data = open_training_data({.files = {path}, .validation_share = 0.0, .sequences = 4, .length = 20},
                                       text.tokens.get(), nullptr);
  for (int i = 0; i < 20; ++i) {  // nanochat's loader stands still here: all buffered conversations are too long
    ragged_batch const& batch = data.train->next();
    CHECK(batch.sequences() == 4);
    for (int row = 0; row < 4; ++row) {
      auto const targets = batch[row].targets;
      CHECK(std::ranges::any_of(targets, [](auto id) { return id >= 0; }));
      CHECK((targets.size() >= 2 && targets.size() <= 20));
    }
  }
  CHECK(message_of([&] {
          auto const short_rows = open_training_data(
              {.files = {path}, .validation_share = 0.0, .sequences = 4, .length = 2}, text.tokens.get(), nullptr);
          short_rows.train->next();
        }) == path.string() + ": none of 23 conversations has a reply within 3 tokens");
}

TEST_CASE("ChatML and Llama 3 have the tokens of transformers' templates, and what the assistant says as targets") {
  scratch const in;
  auto const& want = packed()["chats"][GENERATE(0U, 1U)];
  auto const text = with_tokens(in, want["fixture"], want["tokens"]);
  auto const documents = reader(write_lines(in, "talks.jsonl", want["talks"]), *text.tokens);
  REQUIRE(documents->size() == want["ids"].size());
  for (std::size_t i = 0; i < documents->size(); ++i) {
    auto const got = documents->read(i);
    CHECK(got.ids == want["ids"][i].get<std::vector<std::int32_t>>());
    CHECK(as_ints(got.target) == want["masks"][i].get<std::vector<int>>());
  }
}

TEST_CASE("Llama 2's targets are replies and the ends of them") {
  scratch const in;
  auto const text = fixture("spm_bpe");
  auto const path = in.write(
      "talks.jsonl",
      R"({"messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "the clock"}, )"
      R"({"role": "assistant", "content": "the house"}, {"role": "user", "content": "you"}, {"role": "assistant", "content": "the night"}]})");
  auto const got = reader(path, *text.tokens, {.chat = chat_format::llama2})->read(0);
  std::vector<int> said;
  for (std::size_t i = 0; i < got.ids.size(); ++i)
    if (got.target[i]) said.push_back(got.ids[i]);
  int const end = text.tokens->special().eos.value();
  CHECK(std::ranges::count(said, end) == 2);
  CHECK(text.tokens->decode(said) == "the house  the night ");
  auto const in_brackets = text.tokens->encode("[INST] <<SYS>>\nBe short.\n<</SYS>>\n\nthe clock [/INST] the house ");
  CHECK(std::equal(in_brackets.begin(), in_brackets.end(), got.ids.begin() + 1));
}

TEST_CASE("a checkpoint's own template counts") {
  scratch const in;
  auto const text = fixture("gpt2");
  auto const path = in.write(
      "talks.jsonl", R"([{"role": "user", "content": "the clock"}, {"role": "assistant", "content": "the house"}])");
  std::string const jinja =
      "{% for m in messages %}{% if m.role == 'user' %}Q: {{ m.content }}\n{% else %}A: {{ m.content "
      "}}<|endoftext|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}A:{% endif %}";
  auto const got = reader(path, *text.tokens, {.chat_template = jinja})->read(0);
  std::vector<int> said;
  for (std::size_t i = 0; i < got.ids.size(); ++i)
    if (got.target[i]) said.push_back(got.ids[i]);
  CHECK(text.tokens->decode(said, {.skip_special = false}) == " the house<|endoftext|>");
}

TEST_CASE("conversations that are none are refused with file, line and what is wrong") {
  scratch const in;
  auto const text = fixture("nanochat");
  auto const problem = [&](std::string_view line) {
    auto const path =
        in.write("talks.jsonl", "[{\"role\": \"user\", \"content\": \"a\"}]\n\n" + std::string(line) + "\n");
    std::string const message = message_of([&] { static_cast<void>(reader(path, *text.tokens)->read(1)); });
    std::string const where = path.string() + ", line 3: ";
    CHECK(message.starts_with(where));
    return message.substr(std::min(where.size(), message.size()));
  };
  CHECK(problem("{\"messages\": [") == "this is not JSON");
  CHECK(problem("{\"messages\": []}") == "a list of messages is expected");
  CHECK(problem("3") == "a list of messages is expected");
  CHECK(problem("[3]") == "message 0 has no role");
  CHECK(problem(R"([{"role": "user"}])") == "message 0 has no content");
  CHECK(problem(R"([{"role": "assistant", "content": "a"}])") == "message 0 is from assistant, user is expected");
  CHECK(problem(R"([{"role": "system", "content": "a"}])") ==
        "the system's message is not followed by one of the user");
  CHECK(
      problem(
          R"([{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"type": "image", "text": ""}]}])") ==
      "a part of message 1 is of type image, text, python or python_output is expected");
  auto const gpt2 = fixture("gpt2");
  auto const path = in.write("talks.jsonl", R"([{"role": "user", "content": "a"}])");
  CHECK(message_of([&] {
          reader(path, *gpt2.tokens);
        }).ends_with(" tokens of the vocabulary are those of no format of conversations; name one"));
  CHECK(message_of([&] { reader(path, *gpt2.tokens, {.chat = chat_format::llama3}); }) ==
        "conversations of llama3 need <|start_header_id|>, which the vocabulary does not have");
}
