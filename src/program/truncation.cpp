#include "truncation.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

namespace constformer::program {

namespace {

// Tokens that stay of two texts, if `room` are there (tokenizers' longest_first): the shorter one is not touched before
// both have the same length.
std::pair<std::size_t, std::size_t> shares(std::size_t first, std::size_t second, std::size_t room) {
  std::size_t const less = std::min(first, second);
  std::size_t a = less, b = less > room ? less : std::max(less, room - less);
  if (a + b > room) {
    a = room / 2;
    b = a + room % 2;
  }
  return first <= second ? std::pair(a, std::min(b, second)) : std::pair(std::min(b, first), a);
}

template <class Iterator>
std::size_t place_of(Iterator begin, Iterator end, std::vector<int> const& part) {
  return static_cast<std::size_t>(std::search(begin, end, part.begin(), part.end()) - begin);
}

}  // namespace

void truncate(encoded_pair& input, std::span<std::vector<int> const> parts, std::size_t longest, bool left) {
  std::array<std::size_t, 2> begin{}, keep{};
  std::size_t content = 0;
  for (auto const& part : parts) content += part.size();
  std::size_t const size = input.ids.size();
  std::size_t const special = size - std::min(size, content);
  std::size_t const room = longest - std::min(longest, special);
  begin[0] = place_of(input.ids.begin(), input.ids.end(), parts[0]);
  keep[0] = std::min(room, parts[0].size());
  if (parts.size() > 1) {
    std::vector<int> const backwards(parts[1].rbegin(), parts[1].rend());
    begin[1] = size - place_of(input.ids.rbegin(), input.ids.rend(), backwards) - parts[1].size();
    std::tie(keep[0], keep[1]) = shares(parts[0].size(), parts[1].size(), room);
  }
  for (std::size_t p = parts.size(); p-- > 0;) {
    std::size_t const dropped = parts[p].size() - keep[p];
    std::size_t const from = left ? begin[p] : begin[p] + keep[p];
    auto const erase = [&](std::vector<int>& values) {
      if (from + dropped > values.size()) return;
      auto const at = values.begin() + static_cast<std::ptrdiff_t>(from);
      values.erase(at, at + static_cast<std::ptrdiff_t>(dropped));
    };
    erase(input.ids);
    erase(input.segments);
  }
  input.ids.resize(std::min(input.ids.size(), longest));
  input.segments.resize(std::min(input.segments.size(), longest));
}

}  // namespace constformer::program
