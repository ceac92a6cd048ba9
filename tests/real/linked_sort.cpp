// The sorting model, linked into this program: right on every input it has.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <span>
#include <vector>

#include "constformer/core/error.hpp"
#include "unit.hpp"

namespace {

constexpr int letters = 3;
constexpr int length = 6;

std::vector<int> digits(int number) {
  std::vector<int> out(length);
  for (int& digit : out) {
    digit = number % letters;
    number /= letters;
  }
  return out;
}

int likeliest(std::span<float const> logits) {
  return static_cast<int>(std::ranges::max_element(logits) - logits.begin());
}

// Six tokens, five of them fed back.
std::vector<int> sorted_by(constformer::session& model, std::vector<int> const& input) {
  model.rewind(0);
  auto logits = model.append(input);
  std::vector<int> out;
  while (true) {
    out.push_back(likeliest(logits));
    if (out.size() == length) return out;
    logits = model.append(std::array{out.back()});
  }
}

}  // namespace

TEST_CASE("the sorting model is right on all of its 729 inputs") {
  auto const model = end_to_end::start_linked_model(1);
  int right = 0;
  int inputs = 0;
  for (int n = 0; n < 729; ++n, ++inputs) {
    auto const input = digits(n);
    auto wanted = input;
    std::ranges::sort(wanted);
    right += sorted_by(*model, input) == wanted ? 1 : 0;
  }
  CHECK(inputs == 729);
  CHECK(right == 729);
}

TEST_CASE("two sessions of one model do not disturb each other") {
  auto const one = end_to_end::start_linked_model(1);
  auto const other = end_to_end::start_linked_model(2);
  one->append(std::array{2, 1});
  CHECK(sorted_by(*other, {2, 0, 1, 0, 2, 1}) == std::vector{0, 0, 1, 1, 2, 2});
  auto const logits = one->append(std::array{0, 1, 1, 2});
  CHECK(likeliest(logits) == 0);
  CHECK(one->position() == length);
}

TEST_CASE("a linked model refuses ids and contexts that it has no room for") {
  auto const model = end_to_end::start_linked_model(1);
  CHECK_THROWS_AS(model->append(std::array{0, letters}), constformer::error);
  CHECK_THROWS_AS(model->append(std::array{-1}), constformer::error);
  std::vector<int> const long_one(static_cast<std::size_t>(model->capacity()) + 1, 0);
  CHECK_THROWS_AS(model->append(long_one), constformer::error);
  CHECK(sorted_by(*model, {2, 1, 0, 1, 1, 2}) == std::vector{0, 1, 1, 1, 2, 2});
}
