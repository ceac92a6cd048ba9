#include "session_executor.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace constformer::serve {

session_executor::session_executor(std::unique_ptr<session> model, int vocab)
    : model_(std::move(model)),
      vocab_(static_cast<std::size_t>(vocab)),
      parents_(static_cast<std::size_t>(model_->sequences())) {
  logits_.reserve(parents_.size() * vocab_);
}

void session_executor::run(std::span<sequence_rows const> batch) {
  wanted_ = 0;
  logits_.clear();
  for (auto const& rows : batch) {
    int const sequence = rows.blocks[0] / blocks_of_each();
    model_->rewind(sequence, rows.position);
    if (rows.wanted == wanted_logits::all) {
      model_->score(sequence, rows.ids, [this](int, std::span<float const> row) { keep(row); });
    } else {
      auto const last = model_->append(sequence, rows.ids);
      if (rows.wanted == wanted_logits::last) keep(last);
    }
  }
}

void session_executor::keep(std::span<float const> row) {
  logits_.insert(logits_.end(), row.begin(), row.end());
  ++wanted_;
}

logit_rows session_executor::logits(int first, int count) {
  return {logits_.data() + static_cast<std::size_t>(first) * vocab_, vocab_, count, static_cast<int>(vocab_)};
}

// All that a sequence has goes with its first block.
void session_executor::copy_block(int from, int to, int) {
  if (from % blocks_of_each() != 0) return;
  std::iota(parents_.begin(), parents_.end(), 0);
  parents_[static_cast<std::size_t>(to / blocks_of_each())] = from / blocks_of_each();
  model_->fork(parents_);
}

void session_executor::each_item(int count, void (*call)(void const* body, int item), void const* body) {
  for (int item = 0; item < count; ++item) call(body, item);
}

}  // namespace constformer::serve
