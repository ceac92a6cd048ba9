#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <vector>

#include "constformer/core/random.hpp"
#include "constformer/generate/executor.hpp"

/// An executor that computes nothing but reads everything: the logits of a row are made of all ids that its sequence's
/// blocks hold up to it, so that a block of another text, one that was not written, or one that somebody else wrote
/// into changes them all.
class fake_executor final : public constformer::executor {
 public:
  static constexpr int vocab = 11;

  /// `poisoned`: there is a token whose numbers are not finite.
  fake_executor(int blocks, int rows, int capacity, int logit_rows, bool poisoned = true)
      : rows_(rows),
        capacity_(capacity),
        logit_rows_(logit_rows),
        poisoned_(poisoned),
        ids_(static_cast<std::size_t>(blocks) * 16, -1) {}

  [[nodiscard]] int rows() const override { return rows_; }
  [[nodiscard]] int blocks() const override { return static_cast<int>(ids_.size() / 16); }
  [[nodiscard]] int capacity() const override { return capacity_; }
  [[nodiscard]] int logit_rows_at_once() const override { return logit_rows_; }
  [[nodiscard]] int wanted() const override { return static_cast<int>(hashes_.size()); }

  void run(std::span<constformer::sequence_rows const> batch) override {
    hashes_.clear();
    std::size_t rows = 0;
    for (auto const& s : batch) rows += s.ids.size();
    require(rows <= static_cast<std::size_t>(rows_), "more rows than a pass holds");
    require(rows > 0, "a pass of nothing");
    most_rows_ = std::max(most_rows_, rows);
    for (auto const& s : batch) check_rows(s);
    for (auto const& s : batch)
      for (std::size_t i = 0; i < s.ids.size(); ++i)
        place(s, s.position + static_cast<int>(i)) = s.ids[i] + (minds_lengths ? 100 * length_of(s, i) : 0);
    for (auto const& s : batch)
      for (std::size_t i = 0; i < s.ids.size(); ++i)
        if (s.wanted == constformer::wanted_logits::all ||
            (s.wanted == constformer::wanted_logits::last && i + 1 == s.ids.size()))
          hashes_.push_back(hash_of(s, s.position + static_cast<int>(i)));
    for (auto const& s : batch)
      if (poisoned_ && std::ranges::find(s.ids, poison) != s.ids.end())
        throw std::runtime_error("a number is not finite");
  }

  constformer::logit_rows logits(int first, int count) override {
    require(count <= logit_rows_ && first + count <= wanted(), "more logits than there are");
    logits_.clear();
    for (int i = 0; i < count; ++i) {
      std::uint64_t hash = hashes_[static_cast<std::size_t>(first + i)];
      for (int id = 0; id < vocab; ++id) {
        hash = constformer::mix_seed(hash);
        logits_.push_back(static_cast<float>(hash >> 40) / 4194304.0F);
      }
    }
    return {logits_.data(), vocab, count, vocab};
  }

  void copy_block(int from, int to, int positions) override {
    std::copy_n(ids_.begin() + from * 16, positions, ids_.begin() + to * 16);
  }

  bool minds_lengths = false;  ///< keys are made of the length that is given, too
  bool minds_cuts = false;     ///< rows of a prompt come together, from position 0
  int blocks_of_each = 0;      ///< if not 0: a sequence has so many blocks, side by side, and shares none

  /// Items of the largest `each`.
  [[nodiscard]] int most_items() const { return most_items_; }

  /// Rows of the largest pass.
  [[nodiscard]] std::size_t most_rows() const { return most_rows_; }

  /// A token whose numbers are not finite.
  static constexpr int poison = 10;

 private:
  void each_item(int count, void (*call)(void const* body, int item), void const* body) override {
    most_items_ = std::max(most_items_, count);
    for (int item = count; item-- > 0;) call(body, item);  // any order is right
  }

  static void require(bool sound, char const* what) {
    if (!sound) throw std::logic_error(what);
  }

  static int length_of(constformer::sequence_rows const& s, std::size_t row) {
    return s.length == 0 ? s.position + static_cast<int>(row) + 1 : s.length;
  }

  void check_rows(constformer::sequence_rows const& s) const {
    if (minds_cuts) require(s.position == 0 || s.ids.size() == 1, "a part of a prompt");
    if (minds_cuts && s.position == 0) require(s.length == static_cast<int>(s.ids.size()), "not all of a prompt");
    for (int i = 0; i < blocks_of_each; ++i)
      require(s.blocks[i] == s.blocks[0] + i && s.blocks[0] % blocks_of_each == 0, "blocks that are not side by side");
  }

  int& place(constformer::sequence_rows const& s, int position) {
    return ids_[static_cast<std::size_t>(s.blocks[position / 16] * 16 + position % 16)];
  }

  std::uint64_t hash_of(constformer::sequence_rows const& s, int last) {
    std::uint64_t hash = 1;
    for (int p = 0; p <= last; ++p) hash = constformer::mix_seed(hash ^ static_cast<std::uint64_t>(place(s, p) + 100));
    return hash;
  }

  int rows_, capacity_, logit_rows_;
  bool poisoned_;
  std::vector<int> ids_;  // (blocks, 16)
  std::vector<std::uint64_t> hashes_;
  std::vector<float> logits_;
  std::size_t most_rows_ = 0;
  int most_items_ = 0;
};
