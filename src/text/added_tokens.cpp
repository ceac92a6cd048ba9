#include "text/added_tokens.hpp"

#include <algorithm>

#include "text/unicode.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

std::size_t begin_of_last(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && is_continuation(text[begin])) --begin;
  return begin;
}

std::size_t without_space_before(std::string_view text, std::size_t begin) {
  while (begin > 0) {
    std::size_t const last = begin_of_last(text.substr(0, begin));
    if (!is_white_space(decode_first(text.substr(last)).value)) break;
    begin = last;
  }
  return begin;
}

std::size_t behind_space(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    code_point const c = decode_first(text.substr(end));
    if (!is_white_space(c.value)) break;
    end += c.size;
  }
  return end;
}

/// The regex crate's \w.
constexpr std::string_view word_pattern = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";

/// True if the first character of `text` is part of a word.
bool begins_word(regex const& word, std::string_view text) {
  bool found = false;
  code_point const c = text.empty() ? code_point{} : decode_first(text);
  if (c.valid) word.for_each(text.substr(0, c.size), [&](regex::span) { found = true; });
  return found;
}

bool touches(std::span<text_range const> ranges, text_range r) {
  auto const first = std::ranges::upper_bound(ranges, r.begin, {}, &text_range::end);
  return first != ranges.end() && first->begin < r.end;
}

}  // namespace

added_tokens::added_tokens(blob_reader const& blob, section which)
    : trie_(blob.bytes(which)),
      added_(blob.array<blob_added>(section::added, "the list of added tokens")),
      word_(word_pattern) {
  if (trie_.empty()) return;
  for (int byte = 0; byte < 256; ++byte) {
    // A token that begins inside a character would cut it in half.
    char const c = static_cast<char>(byte);
    begins_[static_cast<std::size_t>(byte)] = !is_continuation(c) && trie_.child(trie::root, c) != trie::nowhere;
  }
}

bool added_tokens::stands_alone(std::string_view text, std::size_t begin, std::size_t end) const {
  bool const before = begin > 0 && begins_word(word_, text.substr(begin_of_last(text.substr(0, begin))));
  return !before && !begins_word(word_, text.substr(end));
}

void added_tokens::split(std::string_view text, bool specials, std::span<text_range const> plain,
                         text_sink const& on_text, id_sink const& on_id) const {
  std::size_t done = 0, at = 0;
  while (!trie_.empty() && at < text.size()) {
    if (!may_begin(text[at])) {
      ++at;
      continue;
    }
    auto const found = trie_.longest(text.substr(at));
    std::size_t begin = at, end = at + found.size;
    if (found.size == 0 || (end < text.size() && is_continuation(text[end]))) {
      ++at;
      continue;
    }
    at = end;
    blob_added const token = added_[found.value];
    if ((token.flags & added_special) != 0 && (!specials || touches(plain, {begin, end}))) continue;
    if ((token.flags & added_single_word) != 0 && !stands_alone(text, begin, end)) continue;
    if ((token.flags & added_strip_left) != 0) begin = std::max(without_space_before(text, begin), done);
    if ((token.flags & added_strip_right) != 0) end = behind_space(text, end);
    if (done < begin) on_text(text.substr(done, begin - done));
    on_id(token.id);
    done = end;
  }
  if (done < text.size()) on_text(text.substr(done));
}

bool added_tokens::has_special(std::string_view text) const {
  for (std::size_t at = 0; !trie_.empty() && at < text.size(); ++at) {
    if (!may_begin(text[at])) continue;
    auto const found = trie_.longest(text.substr(at));
    if (found.size != 0 && (added_[found.value].flags & added_special) != 0) return true;
  }
  return false;
}

std::optional<int> added_tokens::find(std::string_view text) const {
  if (trie_.empty() || text.empty()) return std::nullopt;
  auto const found = trie_.longest(text);
  return found.size == text.size() ? std::optional<int>(added_[found.value].id) : std::nullopt;
}

}  // namespace constformer::text
