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

/// A letter, digit, mark or joining punctuation. ASCII is exact; beyond it everything that is neither space nor punctuation counts,
/// which differs from the regex crate's \w only for symbols.
bool is_word(char32_t c) { return c == '_' || (!is_white_space(c) && !is_punctuation(c) && !is_cleaned_away(c)); }

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  bool const before = begin > 0 && is_word(decode_first(text.substr(begin_of_last(text.substr(0, begin)))).value);
  bool const behind = end < text.size() && is_word(decode_first(text.substr(end)).value);
  return !before && !behind;
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

}  // namespace

added_tokens::added_tokens(blob_reader const& blob, section which)
    : trie_(blob.bytes(which)), added_(blob.array<blob_added>(section::added, "the list of added tokens")) {
  if (trie_.empty()) return;
  for (int byte = 0; byte < 256; ++byte) {
    // A token that begins inside a character would cut it in half.
    char const c = static_cast<char>(byte);
    begins_[static_cast<std::size_t>(byte)] = !is_continuation(c) && trie_.child(trie::root, c) != trie::nowhere;
  }
}

void added_tokens::split(std::string_view text, bool specials, text_sink const& on_text, id_sink const& on_id) const {
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
    if (!specials && (token.flags & added_special) != 0) continue;
    if ((token.flags & added_single_word) != 0 && !stands_alone(text, begin, end)) continue;
    if ((token.flags & added_strip_left) != 0) begin = std::max(without_space_before(text, begin), done);
    if ((token.flags & added_strip_right) != 0) end = behind_space(text, end);
    if (done < begin) on_text(text.substr(done, begin - done));
    on_id(token.id);
    done = end;
  }
  if (done < text.size()) on_text(text.substr(done));
}

}  // namespace constformer::text
