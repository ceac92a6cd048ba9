#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/generate/session.hpp"

/// A session whose logits are a function of all tokens of a sequence. It allocates before, never in its calls.
class made_up_session final : public constformer::session {
 public:
  /// Writes the logits after `tokens`.
  using row_maker = std::function<void(std::span<int const> tokens, std::span<float> logits)>;

  made_up_session(int capacity, int sequences, int vocab, row_maker make)
      : capacity_(capacity),
        vocab_(vocab),
        make_(std::move(make)),
        sequences_(static_cast<std::size_t>(sequences)),
        others_(sequences_.size()),
        logits_(sequences_.size() * static_cast<std::size_t>(vocab)) {
    for (auto* all : {&sequences_, &others_})
      for (auto& tokens : *all) tokens.reserve(static_cast<std::size_t>(capacity));
  }

  [[nodiscard]] int sequences() const override { return static_cast<int>(sequences_.size()); }
  [[nodiscard]] int position(int sequence) const override { return static_cast<int>(of(sequence).size()); }
  [[nodiscard]] int capacity() const override { return capacity_; }
  void rewind(int sequence, int position) override {
    sequences_[static_cast<std::size_t>(sequence)].resize(static_cast<std::size_t>(position));
  }
  using session::append;
  using session::position;
  using session::rewind;

  std::span<float const> append(int sequence, std::span<int const> ids) override {
    for (int const id : ids) push(sequence, id);
    return write(sequence);
  }

  constformer::logit_rows step(std::span<int const> ids) override {
    for (int i = 0; i < static_cast<int>(ids.size()); ++i) {
      push(i, ids[static_cast<std::size_t>(i)]);
      write(i);
    }
    return {logits_.data(), static_cast<std::size_t>(vocab_), static_cast<int>(ids.size()), vocab_};
  }

  void fork(std::span<int const> parents) override {
    for (std::size_t i = 0; i < parents.size(); ++i) others_[i].assign(of(parents[i]).begin(), of(parents[i]).end());
    for (std::size_t i = parents.size(); i < others_.size(); ++i) others_[i].clear();
    std::swap(sequences_, others_);
  }

  void score(int, std::span<int const>, row_sink const&) override {}
  std::span<float const> encode(std::span<int const>, std::span<int const>) override { return {}; }
  std::span<float const> pool() override { return {}; }

 private:
  [[nodiscard]] std::vector<int> const& of(int sequence) const {
    return sequences_.at(static_cast<std::size_t>(sequence));
  }
  void push(int sequence, int id) {
    if (id < 0 || id >= vocab_ || position(sequence) == capacity_) throw constformer::error("made up: not checked");
    sequences_[static_cast<std::size_t>(sequence)].push_back(id);
  }
  std::span<float const> write(int sequence) {
    auto const vocab = static_cast<std::size_t>(vocab_);
    auto const row = std::span(logits_).subspan(static_cast<std::size_t>(sequence) * vocab, vocab);
    make_(of(sequence), row);
    return row;
  }

  int capacity_;
  int vocab_;
  row_maker make_;
  std::vector<std::vector<int>> sequences_;
  std::vector<std::vector<int>> others_;
  std::vector<float> logits_;
};

/// make_beam_vectors.py's `logits_after`.
inline void hashed_logits(std::uint32_t seed, float scale, std::span<int const> tokens, std::span<float> logits) {
  for (int const t : tokens) seed = seed * 1664525U + (static_cast<std::uint32_t>(t) + 1) * 22695477U + 1013904223U;
  for (float& x : logits) {
    seed = seed * 1664525U + 1013904223U;
    x = (static_cast<float>(seed >> 8) / 16777216.0F - 0.5F) * scale;
  }
}
