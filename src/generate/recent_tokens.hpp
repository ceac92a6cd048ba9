#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace constformer::detail {

/// The last tokens of the context and how often each occurs among them; nothing is allocated after construction.
class recent_tokens {
 public:
  recent_tokens(int vocab, int window)
      : counts_(window > 0 ? static_cast<std::size_t>(vocab) : 0), ring_(static_cast<std::size_t>(window)) {}

  void clear() {
    std::ranges::fill(counts_, 0);
    size_ = next_ = 0;
  }

  void push(int id) {
    if (ring_.empty()) return;
    if (size_ == ring_.size())
      --counts_[static_cast<std::size_t>(ring_[next_])];
    else
      ++size_;
    ring_[next_] = id;
    ++counts_[static_cast<std::size_t>(id)];
    next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
  }

  [[nodiscard]] int count(int id) const { return counts_[static_cast<std::size_t>(id)]; }

 private:
  std::vector<int> counts_;  // (vocab)
  std::vector<int> ring_;    // (window), oldest at next_ once full
  std::size_t size_ = 0;
  std::size_t next_ = 0;
};

}  // namespace constformer::detail
