#include "call_filter.hpp"

#include <algorithm>

namespace constformer::serve {

void call_filter::advance(int id) {
  if (inside_) {
    inside_->advance(id);
  } else {
    tail_ += calls_->text_of(id);
    auto const at = tail_.find(open_);
    if (at == std::string::npos) {
      tail_.erase(0, tail_.size() - std::min(tail_.size(), open_.size() - 1));
      return;
    }
    inside_ = calls_->filter(stop_ids_, std::string_view(tail_).substr(at + open_.size()));
    tail_.clear();
  }
  if (!inside_ || !inside_->complete()) return;
  inside_.reset();
  --left_;
}

}  // namespace constformer::serve
