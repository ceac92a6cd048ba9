// stories260K, trained by Karpathy: one model in three kinds of file, held against a float64 forward pass and against
// run.c itself.
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "checkpoints.hpp"
#include "compare.hpp"
#include "npy_read.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;

// What run.c prints for `-t 1.0 -p 0.9 -s 1234 -n 200`.
constexpr char const* top_p_text =
    "Once upon a time, there was a little girl named Lily. She had a brave girl named Sue. She loved to eat such a "
    "cookie with her mommy. "
    "One day, Lily's mommy took her to the store to play. It was so much fun! Lily packed a new people in her brown "
    "package.\n"
    "When Lily got her hand, she decided to go inside. Her mommy gave the man back and said, \"Lily, it's just a magic "
    "invitation!\" \n"
    "Lily said, \"Okay, I will go on a walk!\" They played with";

// What run.c prints for `-t 0.8 -p 0 -s 7 -n 120 -i "Once upon"`.
constexpr char const* prompted_text =
    "Once upon a time, there was a little boy named Timmy. Timmy loved playing with his toys and played with his toys. "
    "One sunny day, Timmy "
    "and his mommy went outside to play. Timmy was sad because he wanted to prepar in the sun. \n"
    "Suddenly, Timmy's mommy asked him what had happened. Timmy's mommy said, \"Don't wor";

struct stories {
  std::filesystem::path folder = shared_data("stories260K");
  nlohmann::json golden = read_json(folder / "golden" / "stories260K_golden.json");
  std::vector<int> ids = golden.at("greedy_ids").get<std::vector<int>>();
};

std::vector<float> logits_of(std::string const& model, std::vector<int> const& ids, char const* threads) {
  auto const file = fresh_folder("logits") / "logits.npy";
  output_of({model, "score", "--ids", joined(ids, ','), "-t", threads, "-o", file.string()});
  return read_npy(file).values;
}

// Ids, logits, text, and equal bits for one and two threads.
void check_program(stories const& s, std::string const& model) {
  std::vector<int> const first(s.ids.begin(), s.ids.begin() + 16);
  std::vector<double> wanted;
  for (auto const& row : s.golden.at("logits_pos0_15"))
    for (double const value : row) wanted.push_back(value);
  auto const one = logits_of(model, first, "1");
  check_close(one, wanted);
  CHECK(logits_of(model, first, "2") == one);

  std::vector<int> const generated(s.ids.begin() + 1, s.ids.end());
  std::string const n = std::to_string(generated.size());
  for (char const* threads : {"1", "2"})
    CHECK(output_of({model, "--ids", "1", "-n", n, "--temp", "0", "--print-ids", "-t", threads}) ==
          joined(generated, ' ') + "\n");
}

void check_text(stories const& s, std::string const& model) {
  CHECK(output_of({model, "-n", "200", "--temp", "0"}) == s.golden.at("text").get<std::string>() + "\n");
}

}  // namespace

TEST_CASE("stories260K as llama2.c v0 gives the golden ids, logits and text") {
  stories const s;
  check_program(s, stories_v0());
  check_text(s, stories_v0());
}

TEST_CASE("stories260K as llama2.c v1 gives the golden ids and logits") {
  stories const s;
  check_program(s, stories_v1());
}

TEST_CASE("stories260K as a Hugging Face folder gives the golden ids, logits and text") {
  stories const s;
  check_program(s, stories_safetensors());
  check_text(s, stories_safetensors());
}

TEST_CASE("keys and values kept in bf16 or 8 bits: the golden ids, for as long as rounding leaves them") {
  stories const s;
  std::vector<int> const generated(s.ids.begin() + 1, s.ids.end());
  std::string const n = std::to_string(generated.size());
  auto const agreeing = [&](char const* type) {
    auto const model = program(std::string("stories_kv_") + type, s.folder / "stories260K.bin",
                               {"--kv-dtype", type, "--tokenizer", (s.folder / "tok512.bin").string()});
    auto const ids = [&](char const* threads) {
      return output_of({model, "--ids", "1", "-n", n, "--temp", "0", "--print-ids", "-t", threads});
    };
    auto const got = ids("1");
    CHECK(ids("2") == got);
    std::istringstream words(got);
    std::size_t same = 0;
    for (int id = 0; same < generated.size() && words >> id && id == generated[same]; ++same) {}
    return same;
  };
  CHECK(agreeing("bf16") == generated.size());
  CHECK(agreeing("i8") > 60);  // 118 of 200 on AVX2, where two ids are nearly tied
}

TEST_CASE("a prompt that is prefilled in one go gives the logits of one that is decoded") {
  stories const s;
  auto const model = stories_v0();
  std::vector<int> const half(s.ids.begin(), s.ids.begin() + 101);
  std::vector<int> const rest(s.ids.begin() + 101, s.ids.end());
  CHECK(output_of({model, "--ids", joined(half, ','), "-n", "100", "--temp", "0", "--print-ids"}) ==
        joined(rest, ' ') + "\n");
}

TEST_CASE("a seed draws the text that run.c draws") {
  auto const model = stories_v0();
  CHECK(output_of({model, "-n", "200", "-s", "1234", "--sampler", "llama2c", "--temp", "1", "--top-p", "0.9"}) ==
        std::string(top_p_text) + "\n");
  // Two of run.c's 120 steps go over the prompt.
  CHECK(output_of({model, "-p", "Once upon", "-n", "118", "-s", "7", "--sampler", "llama2c", "--temp", "0.8", "--top-p",
                   "0"}) == std::string(prompted_text) + "\n");
}

TEST_CASE("the same seed draws the same text, another one another") {
  auto const model = stories_v0();
  auto const text = [&](char const* seed, char const* threads) {
    return output_of({model, "-n", "64", "-s", seed, "-t", threads});
  };
  std::string const first = text("5", "1");
  CHECK(text("5", "2") == first);
  CHECK(text("6", "1") != first);
}
