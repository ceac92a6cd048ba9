#include <algorithm>
#include <cstdlib>

#include "constformer/core/error.hpp"
#include "constformer/generate/session.hpp"
#include "toy_model.hpp"

namespace toy {

namespace {

class fake_session final : public constformer::session {
 public:
  fake_session(int capacity, int sequences)
      : capacity_(capacity),
        positions_(static_cast<std::size_t>(sequences)),
        parents_(positions_.size()),
        logits_(positions_.size() * vocab),
        hidden_(static_cast<std::size_t>(width * capacity)) {
    char const* script = std::getenv("CF_TOY_SCRIPT");
    script_ = read_script(script == nullptr ? "260,261,262" : script);
  }

  [[nodiscard]] int sequences() const override { return static_cast<int>(positions_.size()); }
  [[nodiscard]] int position(int sequence) const override { return positions_[static_cast<std::size_t>(sequence)]; }
  [[nodiscard]] int capacity() const override { return capacity_; }
  void rewind(int sequence, int position) override {
    if (TOY_CONFIG.mask == constformer::mask_kind::prefix && position > 0)
      throw constformer::error("toy: a prefix is read as a whole");
    positions_[static_cast<std::size_t>(sequence)] = position;
  }

  std::span<float const> append(int sequence, std::span<int const> ids) override {
    for (int const id : ids) take(static_cast<std::size_t>(sequence), id, 0);
    return std::span(logits_).first(vocab);
  }

  constformer::logit_rows step(std::span<int const> ids) override {
    for (std::size_t i = 0; i < ids.size(); ++i) take(i, ids[i], i);
    return {logits_.data(), vocab, static_cast<int>(ids.size()), vocab};
  }

  void fork(std::span<int const> parents) override {
    for (std::size_t i = 0; i < parents.size(); ++i) parents_[i] = position(parents[i]);
    for (std::size_t i = 0; i < positions_.size(); ++i) positions_[i] = i < parents.size() ? parents_[i] : 0;
  }

  void score(int sequence, std::span<int const> ids, row_sink const& sink) override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      take(static_cast<std::size_t>(sequence), ids[i], 0);
      sink(static_cast<int>(i), std::span(logits_).first(vocab));
    }
  }

  void hidden_states(std::span<int const> ids, row_sink const& sink) override {
    std::vector<float> row(width);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      for (int j = 0; j < width; ++j) row[static_cast<std::size_t>(j)] = hidden(ids[i], 0, j);
      sink(static_cast<int>(i), row);
    }
  }

  std::span<float const> encode(std::span<int const> ids, std::span<int const> segments) override {
    first_ = ids.front();
    for (std::size_t t = 0; t < ids.size(); ++t)
      for (int j = 0; j < width; ++j)
        hidden_[t * width + static_cast<std::size_t>(j)] = hidden(ids[t], segments.empty() ? 0 : segments[t], j);
    return std::span(hidden_).first(ids.size() * width);
  }

  std::span<float const> pool() override {
    for (int j = 0; j < width; ++j) logits_[static_cast<std::size_t>(j)] = pooled(first_, j);
    return std::span(logits_).first(width);
  }

 private:
  void take(std::size_t sequence, int id, std::size_t row) {
    int& position = positions_[sequence];
    if (id < 0 || id >= vocab || position == capacity_)
      throw constformer::error("toy: the program did not check its ids");
    int const peak = script_[static_cast<std::size_t>(position) % script_.size()];
    for (int i = 0; i < vocab; ++i) logits_[row * vocab + static_cast<std::size_t>(i)] = logit(i, peak);
    ++position;
  }

  int capacity_;
  int first_ = 0;
  std::vector<int> positions_;
  std::vector<int> parents_;  // positions, while forking
  std::vector<int> script_;
  std::vector<float> logits_;
  std::vector<float> hidden_;
};

}  // namespace

std::unique_ptr<constformer::session> start(std::byte const*, constformer::session_options const& options) {
  return std::make_unique<fake_session>(options.capacity == 0 ? TOY_CONFIG.capacity : options.capacity,
                                        options.sequences);
}

}  // namespace toy
