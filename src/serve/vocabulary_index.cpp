#include "vocabulary_index.hpp"

#include <algorithm>
#include <string_view>

#include "../text/utf8.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t bits = 64;

void insert(id_set& set, int id) {
  auto const i = static_cast<std::size_t>(id);
  set[i / bits] |= std::uint64_t{1} << i % bits;
}

bool stays_in_a_string(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }) &&
         text::find_invalid_utf8(text) == text.size();
}

}  // namespace

vocabulary_index::vocabulary_index(std::shared_ptr<token_texts const> texts)
    : texts_(std::move(texts)), plain_((static_cast<std::size_t>(texts_->size()) + bits - 1) / bits) {
  for (int id = 0; id < texts_->size(); ++id)
    if (!(*texts_)[id].empty()) sorted_.push_back(id);
  std::ranges::sort(sorted_, {}, [&](int id) { return (*texts_)[id]; });
  for (int const id : sorted_) {
    auto const text = (*texts_)[id];
    if (text.size() == 1) single_[static_cast<unsigned char>(text.front())] = true;
    if (stays_in_a_string(text))
      insert(plain_, id);
    else
      awkward_.push_back(id);
  }
}

id_set vocabulary_index::allowed(byte_automaton const& automaton, byte_automaton::state const& at,
                                 bool blank_first) const {
  id_set out(plain_.size());
  bool const inside = automaton.in_plain_string(at);
  if (inside) out = plain_;
  auto const& list = inside ? awkward_ : sorted_;
  walk(automaton, at, list.begin(), list.end(), 0, out);
  if (!blank_first) return out;
  auto const begins_with_blank = [&](int id) { return (*texts_)[id].front() <= ' '; };
  auto const first = std::ranges::find_if(sorted_, [&](int id) { return (*texts_)[id].front() == ' '; });
  auto const last = std::find_if_not(first, sorted_.end(), begins_with_blank);
  walk(automaton, at, first, last, 1, out);
  return out;
}

// Tokens from `first` to `last` have the same first `depth` bytes, which led to `at`.
void vocabulary_index::walk(byte_automaton const& automaton, byte_automaton::state const& at, iterator first,
                            iterator last, std::size_t depth, id_set& out) const {
  for (; first != last && (*texts_)[*first].size() == depth; ++first)
    if (depth > 0) insert(out, *first);
  while (first != last) {
    char const byte = (*texts_)[*first][depth];
    auto const same = [&](int id) { return (*texts_)[id][depth] == byte; };
    auto const next = std::partition_point(first, last, same);
    auto const state = automaton.next(at, static_cast<unsigned char>(byte));
    if (!state.empty()) walk(automaton, state, first, next, depth + 1, out);
    first = next;
  }
}

}  // namespace constformer::serve
