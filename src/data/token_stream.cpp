#include "data/token_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace constformer::data {

namespace {

constexpr std::int64_t looked_at = 1 << 20;  // tokens of each range, in milliseconds

void judge(token_range const& range, int vocab) {
  std::vector<std::int32_t> beginning(static_cast<std::size_t>(std::min(range.size, looked_at)));
  range.file->read(range.first, beginning, vocab);
}

}  // namespace

token_stream::token_stream(std::vector<token_range> ranges, int vocab)
    : ranges_(std::move(ranges)), begins_{0}, vocab_(vocab) {
  for (token_range const& range : ranges_) {
    judge(range, vocab_);
    begins_.push_back(begins_.back() + range.size);
  }
}

std::string token_stream::name() const {
  std::string const first = ranges_.front().name();
  return ranges_.size() == 1 ? first : first + " and " + std::to_string(ranges_.size() - 1) + " more";
}

void token_stream::read(std::int64_t first, std::span<std::int32_t> out) const {
  auto at = static_cast<std::size_t>(std::ranges::upper_bound(begins_, first) - begins_.begin()) - 1;
  while (!out.empty()) {
    auto const count = std::min(static_cast<std::int64_t>(out.size()), begins_[at + 1] - first);
    auto const part = out.first(static_cast<std::size_t>(count));
    ranges_[at].file->read(ranges_[at].first + first - begins_[at], part, vocab_);
    out = out.subspan(part.size());
    first += count;
    ++at;
  }
}

}  // namespace constformer::data
