#include "text/split.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "text/byte_alphabet.hpp"
#include "text/unicode.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// A stretch of a word, and whether the pattern matched it.
struct stretch {
  std::size_t begin, end;
  bool matched;
};

void add_stretch(std::vector<stretch>& all, std::size_t begin, std::size_t end, bool matched) {
  if (begin < end) all.push_back({begin, end, matched});
}

std::vector<stretch> stretches_of_pattern(std::string_view word, regex const& pattern) {
  std::vector<stretch> all;
  std::size_t done = 0;
  pattern.for_each(word, [&](regex::span m) {
    add_stretch(all, done, m.begin, false);
    all.push_back({m.begin, m.end, true});  // one of nothing separates, too
    done = m.end;
  });
  add_stretch(all, done, word.size(), false);
  return all;
}

std::vector<stretch> stretches_of_text(std::string_view word, std::string_view text) {
  std::vector<stretch> all;
  std::size_t done = 0;
  for (std::size_t at = word.find(text); !text.empty() && at != std::string_view::npos; at = word.find(text, done)) {
    add_stretch(all, done, at, false);
    add_stretch(all, at, at + text.size(), true);
    done = at + text.size();
  }
  add_stretch(all, done, word.size(), false);
  return all;
}

/// Joins or drops stretches as the behaviour says; the order of the text is kept.
std::vector<stretch> arranged(std::vector<stretch> all, split_behavior behavior) {
  std::vector<stretch> out;
  bool previous_matched = false;
  switch (behavior) {
    case split_behavior::isolated: return all;
    case split_behavior::removed: std::erase_if(all, [](stretch const& s) { return s.matched; }); return all;
    case split_behavior::merged_with_next: {
      std::reverse(all.begin(), all.end());
      for (stretch const& s : all) {
        if (s.matched && !previous_matched && !out.empty()) {
          out.back().begin = s.begin;
        } else {
          out.push_back(s);
        }
        previous_matched = s.matched;
      }
      std::reverse(out.begin(), out.end());
      return out;
    }
    case split_behavior::merged_with_previous:
    case split_behavior::contiguous:
      for (stretch const& s : all) {
        bool const joins =
            behavior == split_behavior::contiguous ? s.matched == previous_matched : s.matched && !previous_matched;
        if (joins && !out.empty()) {
          out.back().end = s.end;
        } else {
          out.push_back(s);
        }
        previous_matched = s.matched;
      }
      return out;
  }
  return out;
}

/// BERT's words: white space separates, punctuation stands alone.
template <class Sink>
void split_bert(std::string_view word, Sink sink) {
  std::size_t begin = 0, at = 0;
  auto const close = [&](std::size_t end) {
    if (begin < end) sink(begin, end);
  };
  while (at < word.size()) {
    code_point const c = decode_first(word.substr(at));
    bool const space = is_white_space(c.value);
    if (space || is_punctuation(c.value)) {
      close(at);
      if (!space) sink(at, at + c.size);
      begin = at + c.size;
    }
    at += c.size;
  }
  close(at);
}

std::string with_metaspace(std::string_view word, std::string_view mark, bool put_before) {
  std::string out;
  if (put_before && !word.starts_with(mark) && !word.starts_with(' ')) out.append(mark);
  for (char const c : word) {
    if (c == ' ') {
      out.append(mark);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

splitter::splitter(blob_reader const& blob) {
  table<blob_step> const stored = blob.array<blob_step>(section::splits, "the list of splits");
  for (std::size_t i = 0; i < stored.size(); ++i) {
    blob_step const s = stored[i];
    std::uint32_t const behavior = s.behavior & ~split_inverted;
    if (s.kind > static_cast<std::uint32_t>(split_kind::from_alphabet) ||
        behavior > static_cast<std::uint32_t>(split_behavior::contiguous)) {
      throw_damaged("the kind of a split");
    }
    step made{static_cast<split_kind>(s.kind), static_cast<split_behavior>(behavior),
              (s.behavior & split_inverted) != 0, blob.text(s.first), nullptr};
    // Patterns look at characters, and this step gives bytes.
    if (made.kind == split_kind::from_alphabet && i + 1 != stored.size()) throw_damaged("the order of splits");
    if (find_invalid_utf8(made.pattern) != made.pattern.size()) throw_damaged("the text of a split");
    if (made.kind == split_kind::match) made.compiled = std::make_unique<regex>(made.pattern);
    steps_.push_back(std::move(made));
  }
}

void splitter::run(std::size_t index, std::string_view word, bool at_start, word_sink const& sink) const {
  if (word.empty()) return;
  if (index == steps_.size()) return sink(word);
  step const& s = steps_[index];
  auto const pass = [&](std::size_t begin, std::size_t end) {
    run(index + 1, word.substr(begin, end - begin), at_start && begin == 0, sink);
  };
  auto const pass_text = [&](std::string const& text) { run(index + 1, text, at_start, sink); };
  switch (s.kind) {
    case split_kind::match:
    case split_kind::literal: {
      // The usual case needs no list: every stretch is a word.
      if (s.kind == split_kind::match && s.behavior == split_behavior::isolated) {
        std::size_t done = 0;
        s.compiled->for_each(word, [&](regex::span m) {
          if (done < m.begin) pass(done, m.begin);
          pass(m.begin, m.end);
          done = m.end;
        });
        if (done < word.size()) pass(done, word.size());
        return;
      }
      std::vector<stretch> all =
          s.kind == split_kind::match ? stretches_of_pattern(word, *s.compiled) : stretches_of_text(word, s.pattern);
      for (stretch& each : all) each.matched = each.matched != s.invert;
      for (stretch const& each : arranged(std::move(all), s.behavior)) pass(each.begin, each.end);
      return;
    }
    case split_kind::prefix_space:
      return word.front() == ' ' ? pass(0, word.size()) : pass_text(std::string(1, ' ').append(word));
    case split_kind::metaspace_always: return pass_text(with_metaspace(word, s.pattern, true));
    case split_kind::metaspace_first: return pass_text(with_metaspace(word, s.pattern, at_start));
    case split_kind::metaspace_never: return pass_text(with_metaspace(word, s.pattern, false));
    case split_kind::bert: return split_bert(word, pass);
    case split_kind::to_alphabet: {
      std::string mapped;
      append_alphabet(mapped, word);
      return pass_text(mapped);
    }
    case split_kind::from_alphabet: {
      std::optional<std::string> const plain = bytes_of_alphabet(word);
      return plain ? pass_text(*plain) : pass(0, word.size());
    }
  }
}

}  // namespace constformer::text
