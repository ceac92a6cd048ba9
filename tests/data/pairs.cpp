#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "constformer/data/training_data.hpp"
#include "support.hpp"

using namespace constformer;
using namespace data_test;

namespace {

// Pairs whose halves belong together, of many lengths.
std::vector<std::pair<std::string, std::string>> made_pairs(int count) {
  std::vector<std::pair<std::string, std::string>> out;
  for (int i = 0; i < count; ++i) {
    std::string source = "the clock " + std::to_string(i), target = "night " + std::to_string(i);
    for (int j = 0; j < i * 7 % 5; ++j) source += " house";
    for (int j = 0; j < i * 3 % 4; ++j) target += " wait";
    out.emplace_back(source, target);
  }
  return out;
}

std::string decoded(tokenizer const& text, std::span<std::int32_t const> ids) {
  return text.decode(std::vector<int>(ids.begin(), ids.end()));
}

// With a token for padding.
opened_tokenizer t5(scratch const& in) {
  std::filesystem::create_directories(in.folder / "t5");
  std::filesystem::copy(fixture_path("t5") / "tokenizer.json", in.folder / "t5");
  in.write("t5/tokenizer_config.json", R"({"eos_token": "</s>", "pad_token": "<unk>", "unk_token": "<unk>"})");
  return opened_tokenizer(in.folder / "t5");
}

// What a batch says of each pair, after the form of its rows is checked.
std::vector<std::pair<std::string, std::string>> pairs_in(ragged_batch const& b, tokenizer const& text) {
  std::vector<std::pair<std::string, std::string>> out;
  auto const& special = text.special();
  for (int row = 0; row < b.sequences(); ++row) {
    batch_sequence const pair = b[row];
    CHECK(pair.tokens.size() == pair.targets.size());
    CHECK(pair.tokens.front() == special.bos.value());
    CHECK(pair.targets.back() == special.eos.value());
    CHECK(std::equal(pair.targets.begin(), pair.targets.end() - 1, pair.tokens.begin() + 1));
    CHECK(pair.source.back() == special.eos.value());
    out.emplace_back(decoded(text, pair.source), decoded(text, pair.targets));
  }
  return out;
}

}  // namespace

TEST_CASE("every pair comes once in an epoch, source beside its target, of a file with tabs or two files") {
  scratch const in;
  auto const text = t5(in);
  auto const all = made_pairs(230);
  std::string tabs, sources, targets;
  for (auto const& [source, target] : all) {
    tabs += source + "\t" + target + "\n";
    sources += source + "\n";
    targets += target + "\n";
  }
  bool const two = GENERATE(false, true);
  data_options options{.validation_share = 0.0, .kind = data_kind::pairs, .sequences = 16, .length = 40};
  if (two)
    options.files = {in.write("a.src", sources), in.write("a.trg", targets)};
  else
    options.files = {in.write("a.tsv", tabs)};
  auto const data = open_training_data(options, text.tokens.get(), nullptr);
  REQUIRE(data.train->batches_per_epoch() == 15);
  std::vector<std::int32_t> first_epoch;
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::multiset<std::pair<std::string, std::string>> seen;
    std::ptrdiff_t padding = 0, rows = 0;
    for (int i = 0; i < 15; ++i) {
      ragged_batch const& batch = data.train->next();
      for (auto const& pair : pairs_in(batch, *text.tokens)) seen.insert(pair);
      std::size_t longest = 0;
      for (int row = 0; row < batch.sequences(); ++row) longest = std::max(longest, batch[row].source.size());
      std::ptrdiff_t const whole = batch.sequences() * static_cast<std::ptrdiff_t>(longest);
      padding += whole - static_cast<std::ptrdiff_t>(batch.source.size());
      rows += whole;
    }
    CHECK(seen == std::multiset<std::pair<std::string, std::string>>(all.begin(), all.end()));
    CHECK(padding * 10 < rows);  // pairs of like lengths are together
    CHECK(data.train->epoch() == epoch);
  }
  data.train->restart();
  auto const once = everything(*data.train, 15);
  CHECK(everything(*data.train, 15) != once);  // another order
  check_resuming(*data.train, 33);
}

TEST_CASE("pairs that are too long are left out, and lines that are none are refused") {
  scratch const in;
  auto const text = t5(in);
  auto const path = in.write("a.tsv", "the\tnight\nthe clock the clock the clock the clock\tnight\nthe house\tthe\n");
  auto const open = [&](data_options options) { return open_training_data(options, text.tokens.get(), nullptr); };
  data_options options{.files = {path}, .validation_share = 0.0, .sequences = 8, .length = 20, .source_length = 6};
  CHECK(open(options).train->next().sequences() == 2);
  options.source_length = 1;
  CHECK(message_of([&] {
          open(options);
        }).starts_with(path.string() + ": none of 3 pairs has at most 1 and 20 tokens; the longest side has "));
  options.source_length = 0;
  options.files = {in.write("b.tsv", "the\tnight\nthe night\n")};
  CHECK(message_of([&] { open(options); }) ==
        in.folder.string() + "/b.tsv, line 2: the line has 0 tabs, 1 between source and target is expected");
  options.files = {in.write("c.src", "the\nnight\n"), in.write("c.trg", "the\n")};
  options.kind = data_kind::pairs;
  CHECK(message_of([&] { open(options); }) ==
        in.folder.string() + "/c.src has 2 lines, " + in.folder.string() + "/c.trg has 1");
  options.files = {path};
  options.vocab = 10;
  CHECK(message_of([&] { open(options); }).ends_with(" tokens, the model's vocabulary has 10"));
  options.vocab = 0;
  options.decoder_start = 3;
  CHECK(open(options).train->next().tokens[0] == 3);
}
