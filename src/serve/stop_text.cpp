#include "stop_text.hpp"

#include <algorithm>

namespace constformer::serve {

namespace {

constexpr std::size_t usual_piece = 256;  // bytes; room so that nothing is allocated while generating

}  // namespace

stop_text::stop_text(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::size_t longest = 0;
  for (auto const& stop : stops_) longest = std::max(longest, stop.size());
  held_.reserve(longest + usual_piece);
  out_.reserve(longest + usual_piece);
}

std::string_view stop_text::push(std::string_view text) {
  if (stops_.empty()) return text;
  if (stopped_) return {};
  held_ += text;
  std::size_t const stop = begin_of_stop();
  stopped_ = stop != std::string::npos;
  return let_out(stopped_ ? stop : begin_of_half());
}

std::string_view stop_text::flush() { return stopped_ ? std::string_view() : let_out(held_.size()); }

std::size_t stop_text::begin_of_stop() {
  std::size_t first = std::string::npos;
  for (auto const& stop : stops_) {
    auto const at = held_.find(stop);
    if (at >= first) continue;
    first = at;
    which_ = stop;
  }
  return first;
}

// Where the longest end of the text begins that is the beginning of a stop string.
std::size_t stop_text::begin_of_half() const {
  std::size_t begin = held_.size();
  for (auto const& stop : stops_)
    for (std::size_t half = std::min(stop.size() - 1, held_.size()); half > 0; --half)
      if (held_.ends_with(std::string_view(stop).substr(0, half))) {
        begin = std::min(begin, held_.size() - half);
        break;
      }
  return begin;
}

std::string_view stop_text::let_out(std::size_t bytes) {
  out_.assign(held_, 0, bytes);
  held_.erase(0, bytes);
  return out_;
}

}  // namespace constformer::serve
