#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "constformer/checkpoint/packed_file.hpp"
#include "toy_model.hpp"
#include "toy_program.hpp"

using Catch::Matchers::ContainsSubstring;

namespace {

std::string content_of(std::filesystem::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace(std::filesystem::path const& path, std::string const& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

outcome run(toy_program const& toy) { return toy.run({"--ids", "5", "--print-ids", "-n", "1"}); }

}  // namespace

TEST_CASE("the program names a packed file that is missing, empty, short, damaged or of another model") {
  toy_program const toy;
  auto const good = content_of(toy.packed());
  REQUIRE(run(toy).status == 0);

  auto const refused = [&](std::string const& content) {
    replace(toy.packed(), content);
    auto const r = run(toy);
    CHECK(r.status == 1);
    CHECK(r.out.empty());
    CHECK_THAT(r.err, ContainsSubstring("toy: error: " + toy.packed().string() + ": "));
    CHECK(r.err.find('\n') == r.err.size() - 1);
    return r.err;
  };
  refused("");
  CHECK_THAT(refused(good.substr(0, 100)), ContainsSubstring("it has 100 bytes, a header has 224"));
  CHECK_THAT(refused(good.substr(0, good.size() - 1)), ContainsSubstring("truncated"));
  CHECK_THAT(refused(good + "x"), ContainsSubstring("truncated or has something appended"));
  CHECK_THAT(refused(std::string(good.size(), 'x')), ContainsSubstring("does not begin with the mark"));

  auto damaged = good;
  damaged[260] = static_cast<char>(damaged[260] ^ 1);  // the first section begins at 256
  CHECK_THAT(refused(damaged), ContainsSubstring("checksum of section weights"));

  std::filesystem::remove(toy.packed());
  auto const missing = run(toy);
  CHECK(missing.status == 1);
  CHECK_THAT(missing.err, ContainsSubstring(toy.packed().string()));
}

TEST_CASE("every byte of a packed file is guarded") {
  toy_program const toy;
  auto const good = content_of(toy.packed());
  // Each run starts a process, so a sample; tests/formats_packed flips them all.
  for (std::size_t at = 0; at < good.size(); at += 97) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    replace(toy.packed(), bad);
    auto const info = toy.run({"info"});
    auto const generated = run(toy);
    CAPTURE(at);
    CHECK((info.status == 1 || generated.status == 1));
  }
}

TEST_CASE("a packed file of another model is refused by fingerprint and by size") {
  toy_program const toy;
  std::vector<std::byte> const weights(toy::weight_bytes);
  constformer::write_packed_file(
      toy.packed(), {.fingerprint = 1, .weights = weights, .tokenizer = {}, .metadata = {}, .tensors = {}});
  CHECK_THAT(run(toy).err,
             ContainsSubstring("was packed for another model: its fingerprint is 0000000000000001, the program's is "
                               "0123456789abcdef"));
  constformer::write_packed_file(toy.packed(), {.fingerprint = toy::fingerprint,
                                                .weights = std::span(weights).first(64),
                                                .tokenizer = {},
                                                .metadata = {},
                                                .tensors = {}});
  CHECK_THAT(run(toy).err, ContainsSubstring("section weights has 64 bytes, the program needs 256"));
}

TEST_CASE("a tokenizer section that is no tokenizer is refused") {
  toy_program const toy;
  std::vector<std::byte> const weights(toy::weight_bytes);
  std::vector<std::byte> const nonsense(500, std::byte{0x5A});
  constformer::write_packed_file(
      toy.packed(),
      {.fingerprint = toy::fingerprint, .weights = weights, .tokenizer = nonsense, .metadata = {}, .tensors = {}});
  auto const r = run(toy);
  CHECK(r.status == 1);
  CHECK_THAT(r.err, ContainsSubstring("toy: error: "));
}
