#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "serve/base64.hpp"
#include "serve/choosing.hpp"
#include "serve/request_metrics.hpp"
#include "serve/stop_text.hpp"

using namespace constformer::serve;

TEST_CASE("the text before the first stop string comes out, however it is cut") {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (auto k = random() % 30; k > 0; --k) text += static_cast<char>('a' + random() % 2);
    std::vector<std::string> const stops{"aba", "bbb", "aabb"};
    std::size_t end = text.size();
    for (auto const& stop : stops) end = std::min(end, text.find(stop));
    stop_text through(stops);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t const size = 1 + random() % 3;
      out += through.push(std::string_view(text).substr(at, size));
      at += size;
      CHECK(out.size() <= end);
    }
    bool const stopped = end != text.size();
    CHECK(through.stopped() == stopped);
    CHECK(through.which().empty() == !stopped);
    out += through.flush();
    CHECK(out == text.substr(0, end));
  }
}

TEST_CASE("base64 of floats is RFC 4648's of their bytes") {
  CHECK(base64_of(std::vector<float>{}) == "");
  CHECK(base64_of(std::vector<float>{1.0F}) == "AACAPw==");
  CHECK(base64_of(std::vector<float>{1.0F, -2.5F}) == "AACAPwAAIMA=");
  CHECK(base64_of(std::vector<float>{1.0F, -2.5F, 0.0F}) == "AACAPwAAIMAAAAAA");
}

TEST_CASE("log-probabilities are those of a softmax, the likeliest first") {
  std::vector<float> const logits{1, 3, 2, 3, -1};
  likeliest top(3);
  top.read(logits);
  double sum = 0;
  for (float const l : logits) sum += std::exp(static_cast<double>(l));
  REQUIRE(top.top().size() == 3);
  CHECK(top.top()[0].id == 1);
  CHECK(top.top()[1].id == 3);
  CHECK(top.top()[2].id == 2);
  CHECK(top.top()[2].logprob == Catch::Approx(2 - std::log(sum)));
  CHECK(top.logprob(logits, 4) == Catch::Approx(-1 - std::log(sum)));
}

TEST_CASE("a chooser obeys bias, penalties of chosen tokens, and its filter") {
  struct only final : token_filter {
    void forbid(std::span<float> logits) override {
      for (std::size_t i = 0; i < logits.size(); ++i)
        if (i != 2) logits[i] = -std::numeric_limits<float>::infinity();
    }
    void advance(int) override {}
    bool complete() const override { return false; }
  };
  std::vector<float> const logits{0, 1, -1, 0.5F};
  generation_request request{.prompt = {1, 1}, .sampling = {.temperature = 0}, .max_tokens = 4};
  token_chooser plain(request, 0, 4, 16);
  plain.begin(request.prompt);
  CHECK(plain.choose(logits) == 1);
  request.bias = {{1, -std::numeric_limits<float>::infinity()}};
  token_chooser biased(request, 0, 4, 16);
  biased.begin(request.prompt);
  CHECK(biased.choose(logits) == 3);
  request.bias = {};
  request.sampling.presence_penalty = 0.6F;
  token_chooser penalised(request, 0, 4, 16);
  penalised.begin(request.prompt);
  CHECK(penalised.choose(logits) == 1);  // the prompt's tokens do not count
  penalised.accept(1);
  CHECK(penalised.choose(logits) == 3);
  request.filter = [] { return std::make_unique<only>(); };
  token_chooser filtered(request, 0, 4, 16);
  filtered.begin(request.prompt);
  CHECK(filtered.choose(logits) == 2);
}

TEST_CASE("histograms count as Prometheus reads them") {
  histogram h({1, 2});
  for (double const v : {0.5, 1.0, 1.5, 7.0}) h.add(v);
  std::string out;
  h.write(out, "x", "a=\"b\"");
  CHECK(out ==
        "# TYPE x histogram\nx_bucket{a=\"b\",le=\"1\"} 2\nx_bucket{a=\"b\",le=\"2\"} 3\nx_bucket{a=\"b\",le=\"+Inf\"} "
        "4\n"
        "x_sum{a=\"b\"} 10\nx_count{a=\"b\"} 4\n");
}
