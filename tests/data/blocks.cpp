// Batches that nanoGPT, llm.c and llama2.c drew from the same files (make_vectors.py).
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "constformer/data/token_file.hpp"
#include "constformer/data/training_data.hpp"
#include "support.hpp"

using namespace constformer;
using namespace data_test;

namespace {

std::filesystem::path write_tokens(scratch const& in, std::string const& name, std::vector<int> const& tokens,
                                   token_format format = token_format::bare16) {
  token_file_writer out(in.folder / name, format);
  out.write(tokens);
  out.commit();
  return in.folder / name;
}

void check(ragged_batch const& got, nlohmann::json const& want, int length) {
  using matrix = std::vector<std::vector<std::int32_t>>;
  bool const flat = !want["x"][0].is_array();
  if (flat) {
    CHECK(got.tokens == want["x"].get<std::vector<std::int32_t>>());
    CHECK(got.targets == want["y"].get<std::vector<std::int32_t>>());
  } else {
    CHECK(padded_rows(got, &batch_sequence::tokens, length) == want["x"].get<matrix>());
    CHECK(padded_rows(got, &batch_sequence::targets, length) == want["y"].get<matrix>());
  }
  for (int i = 0; i < got.sequences() * length; ++i) CHECK(got.positions[static_cast<std::size_t>(i)] == i % length);
}

}  // namespace

TEST_CASE("random blocks are nanoGPT's batches, evaluations drawn from the same generator") {
  scratch const in;
  write_tokens(in, "train.bin", made_tokens(300, 5));
  write_tokens(in, "val.bin", made_tokens(90, 3));
  torch_generator random(1337);
  std::vector<float> model(16);
  random.fill_normal(model, 0.0F, 1.0F);
  auto const data = open_training_data({.files = {in.folder}, .sequences = 3, .length = 6}, nullptr, &random);
  for (auto const& want : vectors()["nanogpt"])
    check((want["split"] == "val" ? data.validation : data.train)->next(), want, 6);

  // Who owns the generator saves it; the source has nothing to add.
  auto const kept = random.state();
  std::string const position = data.train->position();
  auto const after = everything(*data.train, 4);
  random.restore(kept);
  data.train->resume(position);
  CHECK(everything(*data.train, 4) == after);
}

TEST_CASE("blocks in order and shuffled are those of llm.c's data loader, over several files and epochs") {
  scratch const in;
  auto const format = GENERATE(token_format::llmc16, token_format::llmc32, token_format::bare16);
  int const counts[] = {51, 87, 30};
  for (int i = 0; i < 3; ++i) write_tokens(in, "data_" + std::to_string(i) + ".bin", made_tokens(counts[i], i), format);
  bool const shuffled = GENERATE(false, true);
  auto const data = open_training_data({.files = {in.folder},
                                        .validation_share = 0.0,
                                        .order = shuffled ? block_order::shuffled : block_order::in_order,
                                        .sequences = 2,
                                        .length = 5},
                                       nullptr, nullptr);
  CHECK(data.validation == nullptr);
  CHECK(data.train->batches_per_epoch() == 5 + 8 + 2);
  for (auto const& want : vectors()[shuffled ? "llmc_shuffled" : "llmc"]) check(data.train->next(), want, 5);
  CHECK(data.train->epoch() == 1);
  check_resuming(*data.train, 40);
}

TEST_CASE("llama2.c's order is that of its data set, the first shard apart") {
  scratch const in;
  int const counts[] = {60, 44, 71, 33};
  for (int i = 0; i < 4; ++i) write_tokens(in, "data0" + std::to_string(i) + ".bin", made_tokens(counts[i], i));
  auto const data = open_training_data(
      {.files = {in.folder}, .order = block_order::llama2c, .sequences = 3, .length = 5}, nullptr, nullptr);
  for (auto const& want : vectors()["llama2c"]["train"]) check(data.train->next(), want, 5);
  for (auto const& want : vectors()["llama2c"]["val"]) check(data.validation->next(), want, 5);
  CHECK(data.train->batches_per_epoch() == (7 + 13 + 5) / 3);
  check_resuming(*data.train, 25);
}

TEST_CASE("a position of other data or none is refused in one sentence") {
  scratch const in;
  auto const path = write_tokens(in, "a.bin", made_tokens(100));
  auto const open = [&](block_order order) {
    return open_training_data({.files = {path}, .order = order, .sequences = 1, .length = 5}, nullptr, nullptr);
  };
  auto const in_order = open(block_order::in_order);
  CHECK(message_of([&] { in_order.train->resume(open(block_order::shuffled).train->position()); }) ==
        "position in the data: it was taken of shuffled blocks, the data is read as blocks in order");
  CHECK(message_of([&] { in_order.train->resume("[1"); }) == "position in the data: this is none: [1");
  CHECK(message_of([&] { in_order.train->resume(R"({"of":"blocks in order","epoch":0,"file":0})"); }) ==
        "position in the data: batch is missing");
  CHECK(message_of([&] { in_order.train->resume(R"({"of":"blocks in order","epoch":0,"file":1,"batch":0})"); }) ==
        "position in the data: file is 1, a number from 0 to 0 is expected");
}

TEST_CASE("files of tokens that are no good are refused with name and both numbers") {
  scratch const in;
  torch_generator random(1);
  auto const open = [&](std::filesystem::path const& path, int vocab = 0) {
    return message_of([&] {
      auto const data = open_training_data(
          {.files = {path}, .validation_share = 0.0, .sequences = 2, .length = 5, .vocab = vocab}, nullptr, &random);
      for (int i = 0; i < 50; ++i) data.train->next();
    });
  };
  std::string const at = in.folder.string() + "/";
  CHECK(open(in.write("odd.bin", "abc")) == at + "odd.bin has 3 bytes of tokens, which have 2 bytes each");
  CHECK(open(write_tokens(in, "short.bin", made_tokens(5))) ==
        at + "short.bin has 5 tokens, a block of 5 and its targets need 6");
  CHECK(open(write_tokens(in, "large.bin", {1, 2, 300, 4, 5, 6, 7}), 256) ==
        at + "large.bin: token 2 is 300, the vocabulary has 256");
  CHECK(open(in.folder / "none.bin").starts_with(at + "none.bin: "));

  auto const path = write_tokens(in, "whole.bin", made_tokens(50), token_format::llmc16);
  CHECK(token_file(path).size() == 50);
  std::string const whole = in.read("whole.bin");
  CHECK(open(in.write("cut.bin", whole.substr(0, 1100))) == at + "cut.bin says that it has 50 tokens, and has 38");
  CHECK(open(in.write("head.bin", whole.substr(0, 600))) ==
        at + "head.bin has 600 bytes, the header of llm.c has 1024");
  auto other = whole;
  other[4] = 9;
  CHECK(open(in.write("version.bin", other)) == at + "version.bin is of version 9, version 1 is expected");
  other = whole;
  other[0] = static_cast<char>(20240522 & 0xFF);
  CHECK(open(in.write("questions.bin", other)) ==
        at + "questions.bin holds questions of multiple choice (20240522), tokens are expected (20240520 or 20240801)");
  CHECK(message_of([&] { write_tokens(in, "wide.bin", {70000}); }) ==
        at + "wide.bin: token 0 is 70000, 16 bits hold at most 65535");
  CHECK_FALSE(std::filesystem::exists(in.folder / "wide.bin"));
}
