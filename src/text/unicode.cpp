#include "text/unicode.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "text/utf8.hpp"

namespace constformer::text {
namespace {

struct code_range {
  char32_t first, last;
};

struct case_run {
  char32_t first, last;
  std::int32_t step, distance;
};

struct code_triple {
  char32_t a, b, c;
};

struct class_range {
  char32_t first, last;
  std::uint8_t value;
};

#include "text/unicode_tables.inc"

/// The range that holds `c`, or nothing.
template <class Range>
Range const* find_range(std::span<Range const> ranges, char32_t c) {
  auto const at =
      std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t v, Range const& r) { return v < r.first; });
  if (at == ranges.begin() || std::prev(at)->last < c) return nullptr;
  return &*std::prev(at);
}

bool contains(std::span<code_range const> ranges, char32_t c) { return find_range(ranges, c) != nullptr; }

}  // namespace

bool is_white_space(char32_t c) { return contains(white_space, c); }
bool is_punctuation(char32_t c) { return contains(punctuation, c); }
bool is_nonspacing_mark(char32_t c) { return c >= 0x300 && contains(nonspacing_marks, c); }
bool is_combining_mark(char32_t c) { return c >= 0x300 && contains(combining_marks, c); }
bool is_cleaned_away(char32_t c) { return contains(cleaned_away, c); }

bool is_chinese(char32_t c) {
  // 2B920 for 2B820 is the library's own; BERT's first code has 2B820.
  static constexpr code_range ideographs[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                              {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                                              {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return c >= 0x3400 && contains(ideographs, c);
}

void append_lowercase(std::string& out, char32_t c) {
  constexpr char32_t i_with_dot = 0x130, dot_above = 0x307;
  if (c == i_with_dot) {
    out.push_back('i');
    append_utf8(out, dot_above);
    return;
  }
  case_run const* const run = find_range(std::span<case_run const>(lowercase_runs), c);
  bool const changes = run != nullptr && (c - run->first) % static_cast<char32_t>(run->step) == 0;
  append_utf8(out, changes ? static_cast<char32_t>(static_cast<std::int32_t>(c) + run->distance) : c);
}

namespace {

/// Hangul syllables are composed by arithmetic (Unicode, section 3.12).
namespace hangul {
constexpr char32_t syllables = 0xAC00, leads = 0x1100, vowels = 0x1161, tails = 0x11A7;
constexpr char32_t lead_count = 19, vowel_count = 21, tail_count = 28,
                   syllable_count = lead_count * vowel_count * tail_count;
}  // namespace hangul

std::uint8_t combining_class(char32_t c) {
  if (c < 0x300) return 0;
  class_range const* const found = find_range(std::span<class_range const>(combining_classes), c);
  return found == nullptr ? std::uint8_t{0} : found->value;
}

void append_decomposed(std::u32string& out, char32_t c) {
  if (c - hangul::syllables < hangul::syllable_count) {
    char32_t const index = c - hangul::syllables;
    out.push_back(hangul::leads + index / (hangul::vowel_count * hangul::tail_count));
    out.push_back(hangul::vowels + index / hangul::tail_count % hangul::vowel_count);
    if (index % hangul::tail_count != 0) out.push_back(hangul::tails + index % hangul::tail_count);
    return;
  }
  auto const at = std::lower_bound(std::begin(decompositions), std::end(decompositions), c,
                                   [](code_triple const& t, char32_t v) { return t.a < v; });
  if (c < 0xC0 || at == std::end(decompositions) || at->a != c) {
    out.push_back(c);
    return;
  }
  append_decomposed(out, at->b);
  if (at->c != 0) append_decomposed(out, at->c);
}

/// Puts each run of combining characters in the order of their classes, those of one class as they were.
void reorder(std::u32string& text) {
  struct mark {
    std::uint8_t its_class;
    std::size_t place;
    char32_t value;
    bool operator<(mark const& other) const {
      return its_class != other.its_class ? its_class < other.its_class : place < other.place;
    }
  };
  std::vector<mark> run;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    std::uint8_t const its_class = i < text.size() ? combining_class(text[i]) : std::uint8_t{0};
    if (its_class != 0) {
      run.push_back({its_class, i, text[i]});
      continue;
    }
    std::sort(run.begin(), run.end());
    for (std::size_t k = 0; k < run.size(); ++k) text[i - run.size() + k] = run[k].value;
    run.clear();
  }
}

std::u32string decompose_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    code_point const c = decode_first(text);
    append_decomposed(out, c.value);
    text.remove_prefix(c.size);
  }
  reorder(out);
  return out;
}

/// The composition of a pair, or 0.
char32_t compose_pair(char32_t a, char32_t b) {
  if (a - hangul::leads < hangul::lead_count && b - hangul::vowels < hangul::vowel_count) {
    return hangul::syllables + ((a - hangul::leads) * hangul::vowel_count + (b - hangul::vowels)) * hangul::tail_count;
  }
  bool const open_syllable =
      a - hangul::syllables < hangul::syllable_count && (a - hangul::syllables) % hangul::tail_count == 0;
  if (open_syllable && b - hangul::tails - 1 < hangul::tail_count - 1) return a + (b - hangul::tails);
  auto const at =
      std::lower_bound(std::begin(compositions), std::end(compositions), code_triple{a, b, 0},
                       [](code_triple const& l, code_triple const& r) { return l.a != r.a ? l.a < r.a : l.b < r.b; });
  return at != std::end(compositions) && at->a == a && at->b == b ? at->c : 0;
}

/// Joins each starter with the characters behind it that are not blocked (Unicode, section 3.11).
void compose_points(std::u32string& text) {
  std::size_t starter = text.size(), kept = 0;
  std::uint8_t last_class = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char32_t const c = text[i];
    std::uint8_t const its_class = combining_class(c);
    bool const adjacent = starter < kept && starter + 1 == kept;
    bool const blocked = !adjacent && last_class >= its_class;
    char32_t const joined = starter < kept && !blocked ? compose_pair(text[starter], c) : 0;
    if (joined != 0) {
      text[starter] = joined;
      continue;
    }
    if (its_class == 0) starter = kept;
    last_class = its_class;
    text[kept++] = c;
  }
  text.resize(kept);
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char32_t const c : text) append_utf8(out, c);
  return out;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string decomposed(std::string_view text) {
  return is_ascii(text) ? std::string(text) : to_utf8(decompose_points(text));
}

std::string composed(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::u32string points = decompose_points(text);
  compose_points(points);
  return to_utf8(points);
}

}  // namespace constformer::text
