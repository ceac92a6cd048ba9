#include "data/best_fit.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/data/python_random.hpp"

namespace constformer::data {

namespace {

class best_fit final : public batch_source {
 public:
  best_fit(std::unique_ptr<document_reader> documents, batch_shape shape, packing how)
      : documents_(std::move(documents)),
        how_(how),
        sequences_(shape.sequences),
        capacity_(static_cast<std::size_t>(shape.length) + 1) {
    order_.resize(documents_->size());
    std::iota(order_.begin(), order_.end(), 0U);
    if (how_.seed) python_random(*how_.seed).shuffle(std::span(order_));
  }

  ragged_batch const& next() override {
    batch_.clear();
    for (int row = 0; row < sequences_; ++row) {
      fill_row();
      add_row();
    }
    return batch_;
  }

  [[nodiscard]] std::string position() const override {
    data::position out(name);
    out.set("epoch", epoch_);
    out.set("next", static_cast<std::int64_t>(next_));
    std::vector<std::int64_t> held;
    for (entry const& e : buffer_) held.push_back(static_cast<std::int64_t>(e.number));
    out.set("buffer", held);
    return out.text();
  }

  void resume(std::string_view from) override {
    data::position const at(from, name);
    auto const last = static_cast<std::int64_t>(order_.size()) - 1;
    restart();
    epoch_ = at.number("epoch", most_epochs);
    next_ = static_cast<std::size_t>(at.number("next", last));
    for (std::int64_t const number : at.numbers("buffer", last)) hold(static_cast<std::size_t>(number));
  }

  void restart() override {
    buffer_.clear();
    epoch_ = 0;
    next_ = 0;
  }

  // Of what went into rows.
  [[nodiscard]] std::int64_t epoch() const override {
    auto const read = epoch_ * static_cast<std::int64_t>(order_.size()) + static_cast<std::int64_t>(next_);
    return (read - static_cast<std::int64_t>(buffer_.size())) / static_cast<std::int64_t>(order_.size());
  }
  [[nodiscard]] std::int64_t batches_per_epoch() const override { return 0; }

 private:
  static constexpr std::string_view name = "packed documents";
  struct entry {
    std::size_t number;
    document held;
  };

  // Adds a document to the buffer unless there is nothing to learn from it: targets follow the first token.
  bool hold(std::size_t number) {
    document held = documents_->read(number);
    if (!how_.crop) held.cut(capacity_);  // a longer one would never fit
    if (held.ids.size() < 2 && !how_.crop) return false;
    if (std::find(held.target.begin() + 1, held.target.end(), true) == held.target.end() && !how_.crop) return false;
    buffer_.push_back({number, std::move(held)});
    return true;
  }

  void refill() {
    std::size_t useless = 0;
    while (buffer_.size() < static_cast<std::size_t>(how_.buffer)) {
      for (int i = 0; i < how_.refill; ++i) {
        useless = hold(order_[next_]) ? 0 : useless + 1;
        if (useless > order_.size())
          throw error(documents_->name() + ": none of " + std::to_string(order_.size()) +
                      " conversations has a reply within " + std::to_string(capacity_) + " tokens");
        if (++next_ < order_.size()) continue;
        next_ = 0;
        ++epoch_;
        break;  // batches of documents end with an epoch
      }
    }
  }

  void fill_row() {
    row_.ids.clear();
    row_.target.clear();
    while (row_.ids.size() < capacity_) {
      refill();
      std::size_t const left = capacity_ - row_.ids.size();
      auto const best = largest_within(left);
      if (best != buffer_.end()) {
        take(best, left);
      } else if (how_.crop) {
        take(std::ranges::min_element(buffer_, {}, [](entry const& e) { return e.held.ids.size(); }), left);
      } else {
        return;
      }
    }
  }

  // The first of the largest.
  std::vector<entry>::iterator largest_within(std::size_t left) {
    auto best = buffer_.end();
    std::size_t size = 0;
    for (auto at = buffer_.begin(); at != buffer_.end(); ++at) {
      if (at->held.ids.size() > left || at->held.ids.size() <= size) continue;
      best = at;
      size = at->held.ids.size();
    }
    return best;
  }

  void take(std::vector<entry>::iterator which, std::size_t left) {
    which->held.cut(left);
    row_.ids.insert(row_.ids.end(), which->held.ids.begin(), which->held.ids.end());
    row_.target.insert(row_.target.end(), which->held.target.begin(), which->held.target.end());
    buffer_.erase(which);
  }

  // A row that is not full is followed by nothing, as if its padding were there and seen by none.
  void add_row() {
    std::size_t const length = std::min(row_.ids.size(), capacity_ - 1);
    targets_.assign(length, -1);
    for (std::size_t i = 0; i < length && i + 1 < row_.ids.size(); ++i)
      if (row_.target[i + 1]) targets_[i] = row_.ids[i + 1];
    batch_.add({.tokens = std::span<std::int32_t const>(row_.ids).first(length), .targets = targets_});
  }

  std::unique_ptr<document_reader> documents_;
  packing how_;
  int sequences_;
  std::size_t capacity_;  // of a row: the last token is a target only
  ragged_batch batch_;
  std::vector<std::int32_t> targets_;
  std::vector<std::uint32_t> order_;
  std::vector<entry> buffer_;
  document row_;
  std::int64_t epoch_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<batch_source> pack_best_fit(std::unique_ptr<document_reader> documents, batch_shape shape,
                                            packing how) {
  return std::make_unique<best_fit>(std::move(documents), shape, how);
}

}  // namespace constformer::data
