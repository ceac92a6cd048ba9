#pragma once

#include <memory>
#include <vector>

#include "block_store.hpp"
#include "constformer/generate/executor.hpp"
#include "constformer/generate/session.hpp"

namespace constformer::serve {

/// A session as an executor: for models of one's own. Each sequence of the session is as many blocks as its capacity
/// needs, side by side, and a text that has the first of them has them all. A prompt must be read in one pass. The rows
/// of different texts are taken one text after the other.
class session_executor final : public executor {
 public:
  /// Over a session of so many sequences.
  session_executor(std::unique_ptr<session> model, int vocab);

  /// Blocks of a sequence.
  [[nodiscard]] int blocks_of_each() const { return blocks_for(static_cast<std::size_t>(model_->capacity())); }

  [[nodiscard]] int rows() const override { return model_->capacity() + model_->sequences(); }
  [[nodiscard]] int blocks() const override { return model_->sequences() * blocks_of_each(); }
  [[nodiscard]] int capacity() const override { return model_->capacity(); }
  [[nodiscard]] int logit_rows_at_once() const override { return rows(); }
  void run(std::span<sequence_rows const> batch) override;
  [[nodiscard]] int wanted() const override { return static_cast<int>(wanted_); }
  logit_rows logits(int first, int count) override;
  void copy_block(int from, int to, int positions) override;

 private:
  void each_item(int count, void (*call)(void const* body, int item), void const* body) override;
  void keep(std::span<float const> row);

  std::unique_ptr<session> model_;
  std::size_t vocab_;
  std::vector<float> logits_;  // (wanted, vocab); grows when the rows of a prompt are wanted
  std::size_t wanted_ = 0;
  std::vector<int> parents_;  // of the sequences, when one goes on from another
};

}  // namespace constformer::serve
