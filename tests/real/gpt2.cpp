// Checkpoints of GPT-2's architecture: one trained with makemore, stored as [out, in], one random from ONNX Runtime's
// tests, stored as [in, out].
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "checkpoints.hpp"
#include "compare.hpp"
#include "npy_read.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;

double log_probability(float const* logits, std::size_t vocab, int of) {
  double const top = static_cast<double>(*std::max_element(logits, logits + vocab));
  double sum = 0;
  for (std::size_t i = 0; i < vocab; ++i) sum += std::exp(static_cast<double>(logits[i]) - top);
  return static_cast<double>(logits[of]) - top - std::log(sum);
}

}  // namespace

TEST_CASE("the induction model of makemore gives the golden logits and log-probabilities") {
  auto const model = makemore();
  auto const golden = read_json(shared_data("makemore-induction-gpt2") / "golden" / "makemore_induction_golden.json");
  std::size_t const vocab = golden.at("config").at("vocab_size");
  auto const file = fresh_folder("makemore_logits") / "logits.npy";
  for (json const& one : golden.at("cases")) {
    CAPTURE(one.at("word").get<std::string>());
    auto const ids = one.at("ids").get<std::vector<int>>();
    auto const wanted = one.at("target_log_probs").get<std::vector<double>>();
    auto const argmax = one.at("argmax").get<std::vector<int>>();
    output_of({model, "score", "--ids", joined(ids, ','), "-o", file.string()});
    auto const logits = read_npy(file).values;
    REQUIRE(logits.size() == ids.size() * vocab);
    check_close(std::vector<float>(logits.end() - static_cast<std::ptrdiff_t>(vocab), logits.end()),
                one.at("logits_last").get<std::vector<double>>());
    for (std::size_t t = 0; t < ids.size(); ++t) {
      float const* const row = logits.data() + t * vocab;
      CHECK(std::max_element(row, row + vocab) - row == argmax[t]);
      int const target = t + 1 < ids.size() ? ids[t + 1] : 0;
      CHECK(std::abs(log_probability(row, vocab, target) - wanted[t]) < 1e-4);
    }
  }
}

TEST_CASE("the induction model of makemore goes on with what it saw") {
  auto const model = makemore();
  auto const golden = read_json(shared_data("makemore-induction-gpt2") / "golden" / "makemore_induction_golden.json");
  constexpr std::ptrdiff_t seen = 22;
  int held = 0;
  for (json const& one : golden.at("cases")) {
    auto const ids = one.at("ids").get<std::vector<int>>();
    auto const argmax = one.at("argmax").get<std::vector<int>>();
    std::vector<int> const prompt(ids.begin(), ids.begin() + seen);
    std::vector<int> const rest(ids.begin() + seen, ids.end());
    if (!std::equal(rest.begin(), rest.end(), argmax.begin() + seen - 1))
      continue;  // the reference errs, so its rest is not a greedy one
    ++held;
    CHECK(output_of({model, "--ids", joined(prompt, ','), "-n", std::to_string(rest.size()), "--temp", "0",
                     "--print-ids"}) == joined(rest, ' ') + "\n");
  }
  CHECK(held > 0);
}

TEST_CASE("the random GPT-2 of ONNX Runtime's tests decodes as that does") {
  auto const model = tiny_gpt2();
  auto const greedy = read_json(shared_data("tiny-gpt2-ort") / "golden" / "tiny_gpt2_golden.json").at("greedy");
  for (std::size_t i = 0; i < greedy.at("input_ids").size(); ++i) {
    auto const prompt = greedy.at("input_ids")[i].get<std::vector<int>>();
    auto const whole = greedy.at("output")[i].get<std::vector<int>>();
    std::vector<int> const rest(whole.begin() + static_cast<std::ptrdiff_t>(prompt.size()), whole.end());
    CHECK(output_of({model, "--ids", joined(prompt, ','), "-n", std::to_string(rest.size()), "--temp", "0",
                     "--print-ids"}) == joined(rest, ' ') + "\n");
  }
}
