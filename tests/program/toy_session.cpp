#include <algorithm>
#include <cstdlib>

#include "constformer/core/error.hpp"
#include "constformer/generate/session.hpp"
#include "toy_model.hpp"

namespace toy {

namespace {

class fake_session final : public constformer::session {
 public:
  explicit fake_session(int capacity)
      : capacity_(capacity), logits_(vocab), hidden_(static_cast<std::size_t>(width * capacity)) {
    char const* script = std::getenv("CF_TOY_SCRIPT");
    script_ = read_script(script == nullptr ? "260,261,262" : script);
  }

  [[nodiscard]] int position() const override { return position_; }
  [[nodiscard]] int capacity() const override { return capacity_; }
  void rewind(int position) override { position_ = position; }

  std::span<float const> append(std::span<int const> ids) override {
    for (int const id : ids) step(id);
    return logits_;
  }

  void score(std::span<int const> ids, row_sink const& sink) override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      step(ids[i]);
      sink(static_cast<int>(i), logits_);
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
  void step(int id) {
    if (id < 0 || id >= vocab || position_ == capacity_)
      throw constformer::error("toy: the program did not check its ids");
    int const peak = script_[static_cast<std::size_t>(position_) % script_.size()];
    for (int i = 0; i < vocab; ++i) logits_[static_cast<std::size_t>(i)] = logit(i, peak);
    ++position_;
  }

  int capacity_;
  int position_ = 0;
  int first_ = 0;
  std::vector<int> script_;
  std::vector<float> logits_;
  std::vector<float> hidden_;
};

}  // namespace

std::unique_ptr<constformer::session> start(std::byte const*, constformer::session_options const& options) {
  return std::make_unique<fake_session>(options.capacity == 0 ? capacity : options.capacity);
}

}  // namespace toy
