#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine.hpp"
#include "text_constraint.hpp"

namespace constformer::serve {

/// Lets any text through, but behind the word that opens a call only what a grammar of calls allows, until that ends.
class call_filter final : public token_filter {
 public:
  /// `open` must outlive it. `most`: calls after which the text is complete.
  call_filter(std::shared_ptr<text_constraint> calls, std::vector<int> stop_ids, std::string_view open, int most)
      : calls_(std::move(calls)), stop_ids_(std::move(stop_ids)), open_(open), left_(most) {}

  void forbid(std::span<float> logits) override {
    if (inside_) inside_->forbid(logits);
  }

  void advance(int id) override;

  [[nodiscard]] bool complete() const override { return left_ == 0; }

 private:
  std::shared_ptr<text_constraint> calls_;
  std::vector<int> stop_ids_;
  std::string_view open_;
  int left_;
  std::string tail_;                      // of the text, as long as the beginning of `open_` can be
  std::unique_ptr<token_filter> inside_;  // a call
};

}  // namespace constformer::serve
