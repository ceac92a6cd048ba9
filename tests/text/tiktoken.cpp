// tiktoken's ranks: any two neighbours that spell a token merge, lowest rank first.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "constformer/text/load.hpp"
#include "support.hpp"
#include "text/byte_alphabet.hpp"
#include "text/sources/vocabulary.hpp"

using namespace constformer;
using namespace text_test;

namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += i + j > bytes.size() ? '=' : letters[(bits >> (18 - 6 * j)) & 63U];
  }
  return out;
}

std::string message(std::string const& lines) {
  return message_of([&] { static_cast<void>(read_tiktoken(lines, "r")); });
}

}  // namespace

TEST_CASE("tiktoken: ids and text are tiktoken's") {
  auto const [name, splits] = GENERATE(
      table<std::string, std::string>({{"r50k", "gpt-2"}, {"cl100k", "tiktoken-cl100k"}, {"nanochat", "nanochat"}}));
  auto const ranks = constformer::text::read_ranks(read_all(fixtures() / "tiktoken" / "ranks.tiktoken"), "ranks");
  tokenizer_data data = constformer::text::ranked_tokenizer(ranks, "ranks");
  data.splits = constformer::text::splits_of_gguf(splits).value().steps;
  constformer::text::add_ranked_special(data, "<|endoftext|>", static_cast<int>(ranks.size()));
  opened const tokens = text_test::open(data);
  for (auto const& c : read_json(fixtures() / "tiktoken" / ("cases_" + name + ".json"))) {
    CAPTURE(name, c.dump());
    if (c.contains("text")) CHECK(tokens->encode(c["text"].get<std::string>()) == ids_of(c["ids"]));
    CHECK(tokens->decode(ids_of(c["ids"])) == c["decoded"].get<std::string>());
  }
}

TEST_CASE("tiktoken: the ranks of GPT-2 pass the vectors of GPT-2") {
  auto const vocab = read_json(shared("gpt2-bpe/encoder.json"));
  std::vector<std::string> lines(50256);
  for (auto const& [piece, id] : vocab.items()) {
    auto const place = id.get<std::size_t>();
    if (place < lines.size())
      lines[place] = base64(constformer::text::bytes_of_alphabet(piece).value()) + " " + std::to_string(place) + "\n";
  }
  std::string all;
  for (std::string const& line : lines) all += line;
  opened const tokens = text_test::open(read_tiktoken(all, "r50k"));
  opened const merges = open(shared("gpt2-bpe/encoder.json"));
  CHECK(tokens->encode("a<|endoftext|>b") == std::vector<int>{64, 50256, 65});
  for (char const* const book : {"text/tinyshakespeare.txt", "sentencepiece/botchan.txt"}) {
    std::string const text = read_all(shared(book));
    auto const ids = tokens->encode(text);
    CHECK(ids == merges->encode(text));
    CHECK(tokens->decode(ids) == text);
  }
}

TEST_CASE("tiktoken: ranks that are damaged") {
  CHECK(message("YQ== 0\nYg== 2\n") == "r: line 2 has rank 2, 1 is expected");
  CHECK(message("YQ==\n") == "r: line 1 is \"YQ==\", a token in base64, a blank and its rank are expected");
  CHECK(message("YQ== x\n") == "r: line 1 is \"YQ== x\", a token in base64, a blank and its rank are expected");
  CHECK(message("YQ== 0\nYQ== 1\n") == "r: the token of rank 1 is empty or comes twice");
  CHECK(message("Y* 0\n") == "r: base64 text with character 42");
  CHECK(message("YQ== 0\n") == "r: has 1 ranks, which is no known encoding (r50k 50256, cl100k 100256, o200k 199998)");
}
