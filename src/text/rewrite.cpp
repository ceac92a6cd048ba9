#include "text/rewrite.hpp"

#include <algorithm>
#include <iterator>

#include "text/unicode.hpp"
#include "text/utf8.hpp"
#include "text/white_space_tokens.hpp"

namespace constformer::text {
namespace {

/// Calls `each(code point, its bytes)` over valid UTF-8.
template <class Each>
void for_each_point(std::string_view text, Each each) {
  while (!text.empty()) {
    code_point const c = decode_first(text);
    each(c.value, text.substr(0, c.size));
    text.remove_prefix(c.size);
  }
}

template <class Drop>
void append_without(std::string& out, std::string_view text, Drop drop) {
  for_each_point(text, [&](char32_t c, std::string_view bytes) {
    if (!drop(c)) out.append(bytes);
  });
}

void replace_text(std::string& out, std::string_view text, std::string_view from, std::string_view to) {
  if (from.empty()) {
    out.append(text);
    return;
  }
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  out.append(text);
}

void replace_matches(std::string& out, std::string_view text, regex const& pattern, std::string_view to) {
  std::size_t done = 0;
  pattern.for_each(text, [&](regex::span m) {
    out.append(text.substr(done, m.begin - done)).append(to);
    done = m.end;
  });
  out.append(text.substr(done));
}

void clean(std::string& out, std::string_view text) {
  for_each_point(text, [&](char32_t c, std::string_view bytes) {
    if (c == '\t' || c == '\n' || c == '\r') {
      out.push_back(' ');
    } else if (!is_cleaned_away(c)) {
      if (is_white_space(c)) {
        out.push_back(' ');
      } else {
        out.append(bytes);
      }
    }
  });
}

void isolate_chinese(std::string& out, std::string_view text) {
  for_each_point(text, [&](char32_t c, std::string_view bytes) {
    if (is_chinese(c)) {
      out.append(" ").append(bytes).append(" ");
    } else {
      out.append(bytes);
    }
  });
}

std::string_view without_left_space(std::string_view text) {
  while (!text.empty()) {
    code_point const c = decode_first(text);
    if (!is_white_space(c.value)) break;
    text.remove_prefix(c.size);
  }
  return text;
}

std::string_view without_right_space(std::string_view text) {
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && is_continuation(text[begin])) --begin;
    if (!is_white_space(decode_first(text.substr(begin)).value)) break;
    text = text.substr(0, begin);
  }
  return text;
}

}  // namespace

rewriter::rewriter(blob_reader const& blob) : sentencepiece_(blob), map_(blob) {
  table<blob_step> const stored = blob.array<blob_step>(section::rewrites, "the list of rewrites");
  for (std::size_t i = 0; i < stored.size(); ++i) {
    blob_step const s = stored[i];
    if (s.kind > static_cast<std::uint32_t>(rewrite_kind::white_space_tokens)) throw_damaged("the kind of a rewrite");
    step made{static_cast<rewrite_kind>(s.kind), blob.text(s.first), blob.text(s.second), nullptr};
    for (std::string_view const part : {made.first, made.second}) {
      if (find_invalid_utf8(part) != part.size()) throw_damaged("the text of a rewrite");
    }
    if (made.kind == rewrite_kind::replace_match) made.pattern = std::make_unique<regex>(made.first);
    if (made.kind == rewrite_kind::charsmap && !graphemes_) graphemes_ = std::make_unique<regex>("\\X");
    steps_.push_back(std::move(made));
  }
  require_order();
}

// SentencePiece is given bytes that may be no UTF-8, as is what stands before it: those steps must take any.
void rewriter::require_order() const {
  auto const of = [this](rewrite_kind kind) {
    return std::ranges::count(steps_, kind, [](step const& s) { return s.kind; });
  };
  if (of(rewrite_kind::sentencepiece) == 0) return;
  bool const fits = is_sentencepiece() && of(rewrite_kind::sentencepiece) == 1 &&
                    of(rewrite_kind::white_space_tokens) + 1 == std::ssize(steps_);
  if (!fits) throw_damaged("the order of rewrites");
}

bool rewriter::only_prepends() const {
  return std::all_of(steps_.begin(), steps_.end(), [](step const& s) { return s.kind == rewrite_kind::prepend; });
}

std::string_view rewriter::apply(std::string_view text, std::string& buffer) const {
  if (steps_.empty()) return text;
  std::string next;
  for (step const& s : steps_) {
    next.clear();
    apply_step(s, text, next);
    buffer.swap(next);
    text = buffer;
  }
  return text;
}

void rewriter::apply_step(step const& s, std::string_view text, std::string& out) const {
  switch (s.kind) {
    case rewrite_kind::prepend:
      if (!text.empty()) out.append(s.first);
      out.append(text);
      return;
    case rewrite_kind::replace: return replace_text(out, text, s.first, s.second);
    case rewrite_kind::replace_match: return replace_matches(out, text, *s.pattern, s.second);
    case rewrite_kind::compose: out = composed(text); return;
    case rewrite_kind::decompose: out = decomposed(text); return;
    case rewrite_kind::lowercase:
      return for_each_point(text, [&](char32_t c, std::string_view) { append_lowercase(out, c); });
    case rewrite_kind::strip_accents: return append_without(out, text, is_combining_mark);
    case rewrite_kind::strip_left: out.append(without_left_space(text)); return;
    case rewrite_kind::strip_right: out.append(without_right_space(text)); return;
    case rewrite_kind::bert_clean: return clean(out, text);
    case rewrite_kind::bert_chinese: return isolate_chinese(out, text);
    case rewrite_kind::bert_accents: return append_without(out, decomposed(text), is_nonspacing_mark);
    case rewrite_kind::charsmap: return apply_charsmap(text, out);
    case rewrite_kind::sentencepiece: return sentencepiece_.apply(text, out);
    case rewrite_kind::white_space_tokens: return append_with_white_space_tokens(out, text);
  }
}

/// The tokenizers library's way with a character map: a grapheme of fewer than 6 bytes as a whole, else its code
/// points; and the shortest key counts, even if it covers only the beginning.
void rewriter::apply_charsmap(std::string_view text, std::string& out) const {
  graphemes_->for_each(text, [&](regex::span g) {
    std::string_view const grapheme = text.substr(g.begin, g.end - g.begin);
    if (grapheme.size() < 6) {
      if (auto const mapped = map_.shortest(grapheme); mapped.size != 0) {
        append_replaced(out, mapped.replacement);
        return;
      }
    }
    for_each_point(grapheme, [&](char32_t, std::string_view bytes) {
      auto const mapped = map_.shortest(bytes);
      append_replaced(out, mapped.size != 0 ? mapped.replacement : bytes);
    });
  });
}

}  // namespace constformer::text
