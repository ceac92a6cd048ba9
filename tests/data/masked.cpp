// Masked pairs that BERT's create_pretraining_data.py made of the same text (make_vectors.py).
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
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

std::filesystem::path write_text(scratch const& in) {
  std::string out;
  for (auto const& line : packed()["bert"]["text"]) out += line.get<std::string>() + "\n";
  return in.write("text.txt", out);
}

}  // namespace

TEST_CASE("masked pairs are those of BERT's script, in its order, and go on bit for bit") {
  scratch const in;
  auto const text = fixture("bert_lines");
  auto const& run = packed()["bert"]["runs"][GENERATE(0U, 1U)];
  int const length = run["length"];
  auto const data = open_training_data({.files = {write_text(in)},
                                        .validation_share = 0.0,
                                        .kind = data_kind::masked,
                                        .sequences = 1,
                                        .length = length,
                                        .masks_per_sequence = run["most"],
                                        .mask_probability = run["share"],
                                        .short_probability = run["short"],
                                        .duplicates = run["duplicates"],
                                        .cache = in.folder / "cache"},
                                       text.tokens.get(), nullptr);
  CHECK(data.train->batches_per_epoch() == static_cast<std::int64_t>(run["instances"].size()));
  for (auto const& want : run["instances"]) {
    ragged_batch const& got = data.train->next();
    auto const ids = want["ids"].get<std::vector<std::int32_t>>();
    CHECK(got.sequences() == 1);
    CHECK(got.tokens == ids);
    CHECK(got.segments == want["segments"].get<std::vector<std::int32_t>>());
    CHECK(got.labels == std::vector{want["random"].get<std::int32_t>()});
    std::vector<std::int32_t> targets(ids.size(), -1);
    for (auto const& [place, id] : want["masked"].get<std::vector<std::pair<std::size_t, std::int32_t>>>())
      targets[place] = id;
    CHECK(got.targets == targets);
  }
  CHECK(data.train->epoch() == 1);
  check_resuming(*data.train, 12);
  CHECK(std::distance(std::filesystem::directory_iterator(in.folder / "cache"), {}) == 1);  // nothing else is left
}

TEST_CASE("the last documents validate, and what cannot be masked is refused") {
  scratch const in;
  auto const text = fixture("bert_lines");
  auto const path = write_text(in);
  data_options options{
      .files = {path}, .kind = data_kind::masked, .sequences = 2, .length = 24, .cache = in.folder / "cache"};
  auto const data = open_training_data(options, text.tokens.get(), nullptr);
  REQUIRE(data.validation != nullptr);
  CHECK(data.train->batches_per_epoch() > data.validation->batches_per_epoch());
  auto const problem = [&](data_options const& o, opened_tokenizer const& with) {
    return message_of([&] { static_cast<void>(open_training_data(o, with.tokens.get(), nullptr)); });
  };
  options.length = 4;
  CHECK(problem(options, text) == "options of data: length is 4, masked pairs need at least 5");
  options.length = 24;
  CHECK(problem(options, fixture("gpt2")).ends_with(" tokens of the vocabulary is [CLS], which masked pairs need"));
  options.files = {in.write("one.txt", "the clock\nthe house\n")};
  CHECK(problem(options, text) ==
        in.folder.string() + "/one.txt: 1 documents leave nothing to train on at a share of 0.100000");
  options.validation_share = 0.0;
  options.files = {in.write("bad.txt", "the clock\n\xFF\n")};
  CHECK(problem(options, text) == in.folder.string() + "/bad.txt, line 2: byte 0 of 1 is no UTF-8");
}
