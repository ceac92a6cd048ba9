// Text becomes tokens once, in a file of the cache. The counts are those of nanoGPT's data/*/readme.md.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/data/token_file.hpp"
#include "constformer/data/training_data.hpp"
#include "support.hpp"

using namespace constformer;
using namespace data_test;

namespace fs = std::filesystem;

namespace {

fs::path shared(char const* relative) {
  char const* const folder = std::getenv("CONSTFORMER_SHARED");
  fs::path const path = fs::path(folder == nullptr ? "" : folder) / "data" / relative;
  if (!fs::exists(path)) SKIP(path.string() + " is not here");
  return path;
}

std::vector<std::int64_t> sizes_in(fs::path const& cache) {
  std::vector<std::int64_t> out;
  for (auto const& file : fs::directory_iterator(cache)) out.push_back(token_file(file.path()).size());
  std::ranges::sort(out);
  return out;
}

constexpr char const* letters = R"({"type": "char", "chars": ["\n", " ", "a", "b", "c", "é"]})";

std::vector<std::int32_t> tokens_of(data_options const& options, tokenizer const& text, int batches) {
  std::vector<std::int32_t> out;
  auto const data = open_training_data(options, &text, nullptr);
  for (int i = 0; i < batches; ++i) std::ranges::copy(data.train->next().tokens, std::back_inserter(out));
  return out;
}

}  // namespace

TEST_CASE("a text has as many tokens as nanoGPT counts, the last tenth of its characters to validate by") {
  fs::path const text = shared("text/tinyshakespeare.txt");
  scratch const in;
  torch_generator random(1337);
  SECTION("of characters") {
    opened_tokenizer const characters(in.write(
        "chars.json",
        R"({"type": "char", "chars": ["\n", " ", "!", "$", "&", "'", ",", "-", ".", "3", ":", ";", "?", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z"]})"));
    static_cast<void>(
        open_training_data({.files = {text}, .cache = in.folder / "cache"}, characters.tokens.get(), &random));
    CHECK(sizes_in(in.folder / "cache") == std::vector<std::int64_t>{111'540, 1'003'854});
  }
  SECTION("of GPT-2") {
    fs::copy(shared("gpt2-bpe/encoder.json"), in.folder / "vocab.json");
    fs::copy(shared("gpt2-bpe/vocab.bpe"), in.folder / "merges.txt");
    opened_tokenizer const gpt2(in.folder);
    static_cast<void>(open_training_data({.files = {text}, .cache = in.folder / "cache"}, gpt2.tokens.get(), &random));
    CHECK(sizes_in(in.folder / "cache") == std::vector<std::int64_t>{36'059, 301'966});
  }
}

TEST_CASE("tokens of a text are found again, and made anew for another text or tokenizer") {
  scratch const in;
  opened_tokenizer const characters(in.write("chars.json", letters));
  opened_tokenizer const others(
      in.write("others.json", R"({"type": "char", "chars": [" ", "\n", "a", "b", "c", "é"]})"));
  auto const text = in.write("a.txt", "aéb\nabc cab bac\n");
  data_options const options{.files = {text},
                             .validation_share = 0.0,
                             .order = block_order::in_order,
                             .sequences = 1,
                             .length = 5,
                             .cache = in.folder / "cache"};
  std::vector<std::int32_t> const want{2, 5, 3, 0, 2, 3, 4, 1, 4, 2};
  CHECK(tokens_of(options, *characters.tokens, 2) == want);
  auto const made = fs::last_write_time(fs::directory_iterator(options.cache)->path());
  CHECK(tokens_of(options, *characters.tokens, 2) == want);
  CHECK(fs::last_write_time(fs::directory_iterator(options.cache)->path()) == made);
  CHECK(tokens_of(options, *others.tokens, 2) == std::vector<std::int32_t>{2, 5, 3, 1, 2, 3, 4, 0, 4, 2});
  in.write("a.txt", "cccccccccccc");
  CHECK(tokens_of(options, *characters.tokens, 1) == std::vector<std::int32_t>(5, 4));
  CHECK(sizes_in(options.cache).size() == 3);
}

TEST_CASE("files of a folder come in the order of their names, an end of text behind each; val apart") {
  scratch const in;
  auto const gpt2 = fixture("gpt2");
  int const end = gpt2.tokens->special().eos.value();
  in.write("text/b/2.txt", "the clock");
  in.write("text/a.txt", "The old man");
  in.write("text/.hidden.txt", "no");
  in.write("text/the-val.txt", "and the house and the house");
  in.write("text/readme.md", "no");
  data_options const options{.files = {in.folder / "text"},
                             .order = block_order::in_order,
                             .sequences = 1,
                             .length = 4,
                             .cache = in.folder / "cache"};
  auto const data = open_training_data(options, gpt2.tokens.get(), nullptr);
  auto want = gpt2.tokens->encode("The old man");
  want.push_back(end);
  std::ranges::copy(gpt2.tokens->encode("the clock"), std::back_inserter(want));
  want.push_back(end);
  REQUIRE(data.train->batches_per_epoch() == static_cast<std::int64_t>(want.size() - 1) / 4);
  CHECK(data.train->next().tokens == std::vector<std::int32_t>(want.begin(), want.begin() + 4));
  auto const held = gpt2.tokens->encode("and the house and the house");
  CHECK(data.validation->next().tokens == std::vector<std::int32_t>(held.begin(), held.begin() + 4));
}

TEST_CASE("text that is no good is refused in one sentence") {
  scratch const in;
  opened_tokenizer const characters(in.write("chars.json", letters));
  auto const open = [&](fs::path const& path, double share = 0.0) {
    return message_of([&] {
      static_cast<void>(open_training_data({.files = {path},
                                            .validation_share = share,
                                            .order = block_order::in_order,
                                            .sequences = 2,
                                            .length = 5,
                                            .cache = in.folder / "cache"},
                                           characters.tokens.get(), nullptr));
    });
  };
  std::string const at = in.folder.string() + "/";
  CHECK(open(in.write("bytes.txt", "ab\xFF")) == at + "bytes.txt: byte 2 of 3 is no UTF-8");
  CHECK(open(in.write("d.txt", "abd")) ==
        at + "d.txt: text: character U+0064 is not among the 6 characters of the vocabulary");
  CHECK(open(in.write("empty.txt", "")).starts_with(at + "empty.txt"));
  CHECK(open(in.folder / "none") == at + "none: No such file or directory");
  CHECK(open(in.write("a.txt", "a"), 0.1) ==
        at + "a.txt: its 1 characters leave nothing to train on at a share of 0.100000");
  fs::create_directories(in.folder / "nothing");
  CHECK(open(in.folder / "nothing") == at + "nothing holds no files");
  CHECK(message_of([&] {
          static_cast<void>(open_training_data({.files = {in.folder / "a.txt"}}, nullptr, nullptr));
        }) == at + "a.txt holds text, for which a tokenizer is needed");
  CHECK(message_of([&] {
          static_cast<void>(open_training_data({.files = {in.folder / "a.txt"}, .sequences = 0}, nullptr, nullptr));
        }) == "options of data: sequences is 0, from 1 to 16777216 is possible");
  CHECK(message_of([&] { static_cast<void>(open_training_data({}, nullptr, nullptr)); }) ==
        "there are no files to train on");
}

TEST_CASE("options go through JSON") {
  data_options const options{.files = {"a.txt", "b"},
                             .validation_share = 0.25,
                             .kind = data_kind::masked,
                             .order = block_order::shuffled,
                             .chat = chat_format::llama3,
                             .sequences = 3,
                             .seed = 9,
                             .mask_probability = 0.2,
                             .cache = "kept"};
  auto const read = data_options_of(json_of(options));
  CHECK(json_of(read) == json_of(options));
  CHECK(read.files == options.files);
  CHECK(read.kind == data_kind::masked);
  CHECK(read.order == block_order::shuffled);
  CHECK(read.chat == chat_format::llama3);
  CHECK(read.mask_probability == 0.2);
  CHECK(data_options_of("{}").sequences == data_options{}.sequences);
  CHECK(message_of([] { static_cast<void>(data_options_of("[]")); }) == "options of data: a JSON object is expected");
  CHECK(message_of([] { static_cast<void>(data_options_of(R"({"order": "any"})")); }) ==
        "options of data: order is \"any\", which is none");
  CHECK(message_of([] {
          static_cast<void>(data_options_of(R"({"sequences": "many"})"));
        }).starts_with("options of data: "));
}
