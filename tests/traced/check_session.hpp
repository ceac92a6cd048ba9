// A session of the traced form of a fixture's model against what the original implementation computed.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers.hpp>

#include "check.hpp"
#include "constformer/generate/traced_session-inl.hpp"

namespace traced_fixtures {

/// Rows of logits against those of the original.
class expected_logits {
 public:
  expected_logits(std::filesystem::path const& folder, std::size_t rows)
      : theirs_(read_npy(folder / "logits.npy")), width_(theirs_.values.size() / rows), bound_(logit_bound(folder)) {
    for (float const value : theirs_.values) range_ = std::max(range_, std::abs(value));
  }

  /// Compares row `row`.
  void check(std::size_t row, std::span<float const> ours) {
    REQUIRE(ours.size() == width_);
    for (std::size_t i = 0; i < width_; ++i) {
      float const gap = std::abs(ours[i] - theirs_.values[row * width_ + i]);
      most_ = std::isnan(gap) ? INFINITY : std::max(most_, gap);
    }
  }
  /// The largest gap of all rows so far.
  void settle(char const* what) {
    INFO(what << ": gap " << most_ << ", range " << range_ << ", ratio " << most_ / range_);
    CHECK(most_ <= bound_ * range_);
    most_ = 0.0F;
  }

 private:
  npy_array theirs_;
  std::size_t width_;
  float bound_;
  float range_ = 0.0F;
  float most_ = 0.0F;
};

inline std::vector<float> copy_of(std::span<float const> row) { return {row.begin(), row.end()}; }

/// Appends ids from `first` on, at first `opening`, then `each` at once, and compares what follows.
inline void check_pieces(session& s, std::span<int const> ids, std::size_t first, std::size_t opening, std::size_t each,
                         expected_logits& expected) {
  for (std::size_t count = opening; first < ids.size(); first += count, count = each) {
    count = std::min(count, ids.size() - first);
    auto const logits = s.append(ids.subspan(first, count));
    expected.check(first + count - 1, logits);
  }
}

/// Everything that a session is asked for, with `threads` threads; gives all logits. With `Pieces` false, what a text
/// gives depends on the pieces that it comes in: keys stay as they were rotated when the text was shorter.
template <class Session, bool Pieces>
std::vector<float> check_calls(std::vector<float> const& parameters, std::vector<int> const& ids, int prefix,
                               expected_logits& expected, int threads) {
  Session s(parameters.data(), {.threads = threads, .sequences = 70});
  std::size_t const opening = prefix > 0 ? static_cast<std::size_t>(prefix) + 1 : ids.size();
  std::vector<float> all;
  s.score(ids, [&](int row, std::span<float const> logits) {
    expected.check(static_cast<std::size_t>(row), logits);
    all.insert(all.end(), logits.begin(), logits.end());
  });
  expected.settle("all at once");
  for (std::size_t const each : {std::size_t{1}, std::size_t{7}}) {
    if (!Pieces) break;
    s.rewind(0);
    check_pieces(s, ids, 0, prefix > 0 ? opening : each, each, expected);
    expected.settle("piece by piece");
    int const back = std::max(static_cast<int>(ids.size()) / 2, prefix);
    s.rewind(back);
    check_pieces(s, ids, static_cast<std::size_t>(back), 3, 3, expected);
    expected.settle("after going back");
  }
  return all;
}

/// Sequences that go on from one, one by one and together.
template <class Session>
void check_forks(std::vector<float> const& parameters, std::vector<int> const& ids) {
  Session s(parameters.data(), {.threads = 2, .sequences = 70});
  std::vector<int> const beginning(ids.begin(), ids.size() > 1 ? ids.end() - 1 : ids.end());
  s.append(beginning);
  std::vector<int> const same(70, 0);
  s.fork(same);
  std::vector<int> next(70);
  for (std::size_t i = 0; i < next.size(); ++i) next[i] = static_cast<int>(i) % Session::vocab;
  logit_rows const together = s.step(next);
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < together.rows; ++i) rows.push_back(copy_of(together[i]));
  for (int const one : {0, 1, 5, 69}) {
    Session alone(parameters.data(), {.threads = 1, .capacity = static_cast<int>(beginning.size()) + 1});
    alone.append(beginning);
    std::array<int, 1> const id{next[static_cast<std::size_t>(one)]};
    CHECK(copy_of(alone.step(id)[0]) == rows[static_cast<std::size_t>(one)]);
  }
  std::array<int, 2> const swapped{5, 1};
  s.rewind(5, s.position(5) - 1);
  s.fork(swapped);
  CHECK(s.position(0) == static_cast<int>(beginning.size()));
  CHECK(s.position(1) == static_cast<int>(beginning.size()) + 1);
  CHECK(s.position(2) == 0);
  std::array<int, 1> const again{next[9]};
  CHECK(copy_of(s.step(again)[0]) == rows[9]);
}

/// What each token of a target attends to in the source, as transformers tells it; a session of three sequences.
inline void check_source_attention(session& s, std::vector<int> const& source, std::vector<int> const& ids,
                                   std::filesystem::path const& file, float bound) {
  npy_array const theirs = read_npy(file);
  auto const check = [&](std::size_t row, int sequence) {
    auto const ours = s.source_attention(sequence);
    REQUIRE(ours.size() == source.size());
    for (std::size_t i = 0; i < ours.size(); ++i)
      CHECK(std::abs(ours[i] - theirs.values[row * source.size() + i]) < bound);
  };
  s.rewind(0);
  CHECK_THROWS_WITH(s.source_attention(0), "source_attention: the last call appended nothing to sequence 0");
  for (std::size_t row = 0; row < ids.size(); ++row) {
    s.append(std::span(ids).subspan(row, 1));
    check(row, 0);
  }
  s.rewind(0);
  s.append(std::span(ids).first(ids.size() - 1));
  check(ids.size() - 2, 0);
  CHECK_THROWS_WITH(s.source_attention(2), "source_attention: the last call appended nothing to sequence 2");
  std::vector<int> const same(3, 0);
  s.fork(same);
  std::array<int, 3> const next{1, 2, ids.back()};
  s.step(next);
  check(ids.size() - 1, 2);
}

/// A target in pieces of `each`, after its source; with what the engine of the same weights gives, sequences that go on
/// from one are as if each were alone.
template <class Session>
std::vector<float> check_targets(std::vector<float> const& parameters, std::vector<int> const& source,
                                 std::vector<int> const& ids, expected_logits& expected, int threads) {
  Session s(parameters.data(), {.threads = threads, .sequences = 3});
  std::vector<float> all;
  std::vector<int> const other(source.rbegin(), source.rend());
  s.start_source(other);  // what it leaves is overwritten
  s.append(ids);
  s.start_source(source);
  CHECK(s.position(0) == 0);
  s.score(ids, [&](int row, std::span<float const> logits) {
    expected.check(static_cast<std::size_t>(row), logits);
    all.insert(all.end(), logits.begin(), logits.end());
  });
  expected.settle("all at once");
  for (std::size_t const each : {std::size_t{1}, std::size_t{7}}) {
    s.rewind(0);
    check_pieces(s, ids, 0, each, each, expected);
    expected.settle("piece by piece");
  }
  std::vector<int> const same(3, 0);
  s.rewind(static_cast<int>(ids.size()) - 1);
  s.fork(same);
  std::array<int, 3> const next{1, ids.back(), 2};
  expected.check(ids.size() - 1, s.step(next)[1]);
  expected.settle("side by side");
  return all;
}

}  // namespace traced_fixtures

/// The session of a traced encoder-decoder.
template <constformer::config const& Config, int Capacity>
void check_translation(std::filesystem::path const& folder) {
  using namespace traced_fixtures;
  using session_type = HWY_NAMESPACE::traced_session<model_parameters<Config>, Capacity>;
  checkpoint const opened = open_fixture(folder);
  REQUIRE(opened.model == Config);
  auto const parameters = read_flat<typename session_type::program>(opened);
  auto const fixture = fixture_json(folder);
  auto const source = fixture.at("source").get<std::vector<int>>(), ids = fixture.at("target").get<std::vector<int>>();
  expected_logits expected(folder, ids.size());
  auto const one = check_targets<session_type>(parameters, source, ids, expected, 1);
  CHECK(one == check_targets<session_type>(parameters, source, ids, expected, 3));
  if (auto const attention = made_of(folder) / "attention.npy"; std::filesystem::exists(attention)) {
    session_type s(parameters.data(), {.threads = 2, .sequences = 3});
    s.start_source(source);
    check_source_attention(s, source, ids, attention, logit_bound(folder));
  }
  session_type without(parameters.data(), {});
  CHECK_THROWS_WITH(without.append(ids), "append: there is no source yet, start_source takes one");
}

/// The session of a decoder's traced form: logits row by row, in pieces, after going back and side by side.
template <constformer::config const& Config, int Capacity>
void check_session(std::filesystem::path const& folder) {
  if constexpr (constformer::has_encoder(Config))
    return check_translation<Config, Capacity>(folder);
  else {
    using namespace traced_fixtures;
    using session_type = HWY_NAMESPACE::traced_session<model_parameters<Config>, Capacity>;
    checkpoint const source = open_fixture(folder);
    REQUIRE(source.model == Config);
    auto const parameters = read_flat<typename session_type::program>(source);
    auto const fixture = fixture_json(folder);
    auto const ids = fixture.at("prompt").get<std::vector<int>>();
    int const prefix = Config.mask == mask_kind::prefix
                           ? static_cast<int>(std::ranges::find(ids, Config.prefix.end) - ids.begin())
                           : 0;
    expected_logits expected(folder, ids.size());
    constexpr bool pieces = Config.rope.scaling != rope_scaling_kind::dynamic;
    auto const one = check_calls<session_type, pieces>(parameters, ids, prefix, expected, 1);
    CHECK(one == check_calls<session_type, pieces>(parameters, ids, prefix, expected, 2));
    CHECK(one == check_calls<session_type, pieces>(parameters, ids, prefix, expected, 3));
    check_forks<session_type>(parameters, ids);
  }
}
