#include "text/regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <string>

#include "constformer/core/error.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

std::string message_of(int number) {
  PCRE2_UCHAR text[160];
  if (pcre2_get_error_message(number, text, sizeof text) < 0) return "error " + std::to_string(number);
  return reinterpret_cast<char const*>(text);
}

/// Match data is per call, because one pattern may serve several threads.
struct match_data {
  explicit match_data(pcre2_code const* code) : data(pcre2_match_data_create_from_pattern(code, nullptr)) {
    if (data == nullptr) throw error("tokenizer: no memory for matching a pattern");
  }
  ~match_data() { pcre2_match_data_free(data); }
  match_data(match_data const&) = delete;
  match_data& operator=(match_data const&) = delete;
  pcre2_match_data* data;
};

int match_at(pcre2_code const* pattern, std::string_view text, std::size_t at, pcre2_match_data* data,
             std::uint32_t options) {
  return pcre2_match(pattern, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, options | PCRE2_NO_UTF_CHECK,
                     data, nullptr);
}

}  // namespace

struct regex::compiled {
  explicit compiled(std::string_view pattern) {
    int number = 0;
    PCRE2_SIZE offset = 0;
    // \C would cut characters in half.
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                         PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &number, &offset, nullptr);
    if (code == nullptr) {
      throw error("tokenizer: splitting pattern, character " + std::to_string(offset) + " of " +
                  std::to_string(pattern.size()) + ": " + message_of(number));
    }
    pcre2_jit_compile(code,
                      PCRE2_JIT_COMPLETE);  // where it is not to be had, the interpreter does the same more slowly
  }
  ~compiled() { pcre2_code_free(code); }
  compiled(compiled const&) = delete;
  compiled& operator=(compiled const&) = delete;

  pcre2_code* code;
};

regex::regex(std::string_view pattern) : pattern_(pattern) {}
regex::~regex() = default;

regex::compiled const& regex::code() const {
  std::call_once(once_, [&] { compiled_ = std::make_unique<compiled>(pattern_); });
  return *compiled_;
}

void regex::for_each(std::string_view text, std::function<void(span)> const& found) const {
  pcre2_code const* const pattern = code().code;
  match_data const m(pattern);
  std::size_t at = 0, last_end = text.size() + 1;
  while (at <= text.size()) {
    int count = match_at(pattern, text, at, m.data, 0);
    // Compiled code has a small stack; the interpreter takes what it needs from the heap.
    if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = match_at(pattern, text, at, m.data, PCRE2_NO_JIT);
    if (count == PCRE2_ERROR_NOMATCH) return;
    if (count < 0) {
      throw error("tokenizer: matching the splitting pattern at byte " + std::to_string(at) + " of " +
                  std::to_string(text.size()) + " failed: " + message_of(count));
    }
    PCRE2_SIZE const* const place = pcre2_get_ovector_pointer(m.data);
    if (place[1] < at || place[0] > place[1]) return;  // \K can put the end before the start
    // A match of nothing right behind a match is none, and the search goes on one character later.
    if (place[0] == place[1] && place[1] == last_end) {
      if (at == text.size()) return;
      at += decode_first(text.substr(at)).size;
      continue;
    }
    found({std::max(place[0], at), place[1]});
    at = last_end = place[1];
  }
}

}  // namespace constformer::text
