#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>

#include "constformer/text/load.hpp"
#include "support.hpp"
#include "text/blob_format.hpp"

using namespace constformer;
using namespace text_test;

namespace {

std::string open_message(std::span<std::byte const> blob) {
  return message_of([&] { static_cast<void>(open_tokenizer(blob)); });
}

/// Everything a program does; only constformer::error may come out.
void use(std::span<std::byte const> blob) {
  static_cast<void>(message_of([&] {
    auto const tokens = open_tokenizer(blob);
    std::vector<int> const ids = tokens->encode("The clock's 1987 <s>[SEP] caf\xC3\xA9 \xE6\x99\x82\xE8\xA8\x88  \n");
    static_cast<void>(tokens->decode(ids));
    static_cast<void>(tokens->encode_pair("a", "b"));
    static_cast<void>(tokens->find("the"));
    auto const stream = tokens->stream();
    for (int id = 0; id < std::min(tokens->vocab_size(), 50); ++id) stream->push(id);
    static_cast<void>(stream->flush());
  }));
}

}  // namespace

TEST_CASE("blobs: another version, another kind, too few bytes are refused by name") {
  auto blob = pack(load_tokenizer_source(fixtures() / "bert"));
  REQUIRE(open_message(blob).empty());
  CHECK(open_message(std::span(blob).first(10)) == "tokenizer blob: 10 bytes are too few, its header alone needs 24");
  CHECK(open_message({}) == "tokenizer blob: 0 bytes are too few, its header alone needs 24");
  CHECK(open_message(std::span(blob).first(blob.size() - 1)) == "tokenizer blob: says it has " +
                                                                    std::to_string(blob.size()) + " bytes, " +
                                                                    std::to_string(blob.size() - 1) + " are there");
  auto version = blob;
  version[4] = std::byte{9};
  CHECK(open_message(version) == "tokenizer blob: version 9, this program reads version 1");
  auto kind = blob;
  kind[0] = std::byte{0};
  CHECK(open_message(kind) == "tokenizer blob: the first bytes are not those of a tokenizer blob");
}

TEST_CASE("blobs: a section beyond the end is refused") {
  auto blob = pack(load_tokenizer_source(fixtures() / "gpt2"));
  std::uint64_t const huge = ~std::uint64_t{0};
  for (std::size_t field = 0; field < 2; ++field) {
    auto damaged = blob;
    std::memcpy(damaged.data() + sizeof(text::blob_header) + 3 * sizeof(text::blob_section) + 8 * field, &huge,
                sizeof huge);
    CHECK(open_message(damaged).starts_with("tokenizer blob: section 3 ends behind the blob's "));
  }
}

TEST_CASE("blobs: damage anywhere is an error or another text, never a crash") {
  auto const name = GENERATE(as<std::string>{}, "gpt2", "llama2", "bert", "spm_bpe", "spm_unigram", "spm_symbols_bpe",
                             "llama2c", "t5");
  auto const blob = pack(load_tokenizer_source(fixtures() / name));
  std::mt19937 random(11);
  std::uniform_int_distribution<std::size_t> anywhere(0, blob.size() - 1), in_front(0, 1000);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int round = 0; round < 400; ++round) {
    auto damaged = blob;
    for (int i = 0; i < 4; ++i) {
      std::size_t const at = round % 2 == 0 ? anywhere(random) : in_front(random);
      damaged[at] = static_cast<std::byte>(byte(random));
    }
    use(damaged);
  }
  for (std::size_t size = 0; size < blob.size(); size += 1 + blob.size() / 97) use(std::span(blob).first(size));
}

TEST_CASE("blobs: do not depend on where they lie") {
  auto const blob = pack(load_tokenizer_source(fixtures() / "llama3"));
  std::vector<std::byte> shifted(blob.size() + 1);
  std::copy(blob.begin(), blob.end(), shifted.begin() + 1);
  auto const here = open_tokenizer(blob), there = open_tokenizer(std::span(shifted).subspan(1));
  CHECK(here->encode("Tick, tock.") == there->encode("Tick, tock."));
}

TEST_CASE("blobs: the same source gives the same bytes") {
  auto const folder = fixtures() / "t5";
  CHECK(pack(load_tokenizer_source(folder)) == pack(load_tokenizer_source(folder)));
}

// Nothing is built at start, so opening does not grow with the vocabulary: 128 thousand tokens with as many merges.
TEST_CASE("blobs: opening a large vocabulary takes no time") {
  tokenizer_data data;
  data.byte_level = true;
  for (int id = 0; id < 256; ++id) {
    data.vocabulary.push_back({std::string(1, static_cast<char>(id)), 0, piece_kind::normal, true});
    data.byte_ids[static_cast<std::size_t>(id)] = id;
  }
  for (int left = 0; static_cast<int>(data.vocabulary.size()) < 128'000; ++left) {
    for (int right = 0; right < 256; ++right) {
      int const result = static_cast<int>(data.vocabulary.size());
      data.vocabulary.push_back({data.vocabulary[static_cast<std::size_t>(left)].text + static_cast<char>(right), 0,
                                 piece_kind::normal, true});
      data.merges.push_back({left, right, result});
    }
  }
  auto const blob = pack(data);
  double best = 1;
  for (int i = 0; i < 20; ++i) {
    auto const begin = std::chrono::steady_clock::now();
    auto const tokens = open_tokenizer(blob);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    REQUIRE(tokens->vocab_size() >= 128'000);
  }
  CHECK(best < 1e-3);
}

TEST_CASE("blobs: pack refuses ids that the vocabulary does not have") {
  tokenizer_data data;
  data.byte_ids.fill(-1);
  data.vocabulary.push_back({"a", 0, piece_kind::normal, true});
  data.merges.push_back({0, 0, 1});
  CHECK(message_of([&] { static_cast<void>(pack(data)); }) ==
        "tokenizer: a merge names id 1, the vocabulary has 1 tokens");
}
