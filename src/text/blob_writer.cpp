#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "constformer/core/error.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "text/blob_format.hpp"
#include "text/hashing.hpp"
#include "text/table.hpp"
#include "text/trie.hpp"
#include "text/utf8.hpp"

namespace constformer {
namespace text {
namespace {

using bytes = std::vector<std::byte>;

template <class T>
void append(bytes& out, T const& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::size_t const end = out.size();
  out.resize(end + sizeof(T));
  std::memcpy(out.data() + end, &value, sizeof(T));
}

void append_text(bytes& out, std::string_view text) {
  auto const* begin = reinterpret_cast<std::byte const*>(text.data());
  out.insert(out.end(), begin, begin + text.size());
}

std::uint32_t checked_u32(std::size_t value, char const* what) {
  if (value > std::numeric_limits<std::int32_t>::max()) {
    throw error(std::string("tokenizer: ") + what + " has " + std::to_string(value) +
                " entries or bytes, the limit is 2147483647");
  }
  return static_cast<std::uint32_t>(value);
}

/// A power of two that leaves a third of the slots free.
std::size_t slots_for(std::size_t entries) {
  std::size_t slots = 8;
  while (slots * 2 < entries * 3) slots *= 2;
  return slots;
}

void put_in_slot(std::vector<std::uint32_t>& slots, std::uint64_t hash, std::uint32_t stored) {
  std::size_t slot = first_slot(hash, slots.size());
  while (slots[slot] != 0) slot = (slot + 1) & (slots.size() - 1);
  slots[slot] = stored;
}

class writer {
 public:
  explicit writer(tokenizer_data const& data) : data_(data) {
    checked_u32(data.vocabulary.size(), "the vocabulary");
    check_ids();
  }

  bytes write() {
    write_vocabulary();
    write_index(section::piece_slots, [](vocabulary_entry const& e) {
      return e.kind == piece_kind::normal || e.kind == piece_kind::user_defined || e.kind == piece_kind::unused;
    });
    write_index(section::reserved_slots, [](vocabulary_entry const& e) {
      return e.kind == piece_kind::control || e.kind == piece_kind::unknown || e.kind == piece_kind::byte;
    });
    write_merges();
    write_tries();
    write_added();
    write_steps();
    write_template(section::single, data_.single);
    write_template(section::pair, data_.pair);
    write_facts();
    return assemble();
  }

 private:
  bytes& at(section s) { return sections_[static_cast<std::size_t>(s)]; }

  void check_id(int id, char const* what, bool may_be_none = false) const {
    if (id >= (may_be_none ? -1 : 0) && id < static_cast<int>(data_.vocabulary.size())) return;
    throw error(std::string("tokenizer: ") + what + " names id " + std::to_string(id) + ", the vocabulary has " +
                std::to_string(data_.vocabulary.size()) + " tokens");
  }

  void check_ids() const {
    for (int const id : data_.byte_ids) check_id(id, "a byte token", true);
    for (added_token const& a : data_.added) check_id(a.id, "an added token");
    for (merge_rule const& m : data_.merges) {
      for (int const id : {m.left, m.right, m.result}) check_id(id, "a merge");
    }
    for (auto const* items : {&data_.single, &data_.pair}) {
      for (template_item const& item : *items) {
        if (item.what == template_item::source::token) check_id(item.id, "the template of special tokens");
      }
    }
    special_tokens const& s = data_.special;
    for (auto const& id : {s.bos, s.eos, s.pad, s.unk, s.cls, s.sep, s.mask})
      check_id(id.value_or(-1), "a special token", true);
  }

  /// Ids without text in decode, apart from control tokens. run.c finds its BOS and EOS in text like any other piece.
  std::vector<bool> skipped_ids() const {
    std::vector<bool> skipped(data_.vocabulary.size());
    for (added_token const& a : data_.added) {
      if (a.special) skipped[static_cast<std::size_t>(a.id)] = true;
    }
    if (data_.model != model_kind::llama2c) return skipped;
    for (auto const& id : {data_.special.bos, data_.special.eos}) {
      if (id) skipped[static_cast<std::size_t>(*id)] = true;
    }
    return skipped;
  }

  void write_vocabulary() {
    std::vector<bool> const special = skipped_ids();
    bool const scored = data_.model == model_kind::scored_merges || data_.model == model_kind::llama2c ||
                        data_.model == model_kind::unigram;
    std::size_t id = 0;
    for (vocabulary_entry const& e : data_.vocabulary) {
      append(at(section::token_offsets), checked_u32(at(section::token_text).size(), "the text of all tokens"));
      append_text(at(section::token_text), e.text);
      bool const skipped = special[id++] || e.kind == piece_kind::control;
      append(at(section::token_kinds),
             static_cast<std::uint8_t>(static_cast<unsigned>(e.kind) | (skipped ? kind_skipped : 0u)));
      longest_piece_ = std::max(longest_piece_, e.text.size());
      if (!scored) continue;
      if (!std::isfinite(e.score))
        throw error("tokenizer: the score of token " + std::to_string(id - 1) + " is not finite");
      append(at(section::token_scores), e.score + 0.0);  // -0 becomes 0, so that equal scores have equal bits
    }
    append(at(section::token_offsets), checked_u32(at(section::token_text).size(), "the text of all tokens"));
    for (int const byte_id : data_.byte_ids) append(at(section::byte_ids), static_cast<std::int32_t>(byte_id));
  }

  template <class Belongs>
  void write_index(section s, Belongs belongs) {
    auto const wanted = [&](vocabulary_entry const& e) { return e.matchable && !e.text.empty() && belongs(e); };
    auto const count =
        static_cast<std::size_t>(std::count_if(data_.vocabulary.begin(), data_.vocabulary.end(), wanted));
    if (count == 0) return;
    std::vector<std::uint32_t> slots(slots_for(count));
    std::uint32_t stored = 0;
    for (vocabulary_entry const& e : data_.vocabulary) {
      ++stored;
      if (wanted(e)) put_in_slot(slots, hash_of(e.text), stored);
    }
    for (std::uint32_t const slot : slots) append(at(s), slot);
  }

  void write_merges() {
    if (data_.merges.empty()) return;
    std::vector<std::uint32_t> slots(slots_for(checked_u32(data_.merges.size(), "the list of merges")));
    std::uint32_t stored = 0;
    for (merge_rule const& m : data_.merges) {
      blob_merge const packed{static_cast<std::uint32_t>(m.left), static_cast<std::uint32_t>(m.right),
                              static_cast<std::uint32_t>(m.result)};
      append(at(section::merges), packed);
      put_in_slot(slots, hash_of(packed.left, packed.right), ++stored);
    }
    for (std::uint32_t const slot : slots) append(at(section::merge_slots), slot);
  }

  using keys = std::vector<std::pair<std::string, std::uint32_t>>;

  template <class Belongs>
  keys keys_of(Belongs belongs) const {
    keys k;
    std::uint32_t id = 0;
    for (vocabulary_entry const& e : data_.vocabulary) {
      if (e.matchable && belongs(e)) k.emplace_back(e.text, id);
      ++id;
    }
    return k;
  }

  void write_tries() {
    at(section::user_trie) = build_trie(keys_of([](auto const& e) { return e.kind == piece_kind::user_defined; }));
    if (data_.model == model_kind::unigram) {
      at(section::pieces_trie) = build_trie(
          keys_of([](auto const& e) { return e.kind == piece_kind::normal || e.kind == piece_kind::user_defined; }));
    }
    if (data_.model == model_kind::wordpiece) {
      keys words = keys_of([](auto const& e) { return e.kind == piece_kind::normal; });
      keys parts;
      for (auto const& [text, id] : words) {
        if (text.starts_with(data_.continuing_prefix))
          parts.emplace_back(text.substr(data_.continuing_prefix.size()), id);
      }
      at(section::pieces_trie) = build_trie(std::move(words));
      at(section::continuing_trie) = build_trie(std::move(parts));
    }
  }

  void write_added() {
    keys raw, late;
    std::uint32_t place = 0;
    for (added_token const& a : data_.added) {
      append(at(section::added),
             blob_added{a.id, (a.special ? added_special : 0u) | (a.single_word ? added_single_word : 0u) |
                                  (a.strip_left ? added_strip_left : 0u) | (a.strip_right ? added_strip_right : 0u)});
      (a.normalized ? late : raw).emplace_back(a.text, place++);
    }
    at(section::added_raw_trie) = build_trie(std::move(raw));
    at(section::added_late_trie) = build_trie(std::move(late));
  }

  blob_text keep(std::string_view text) {
    blob_text const where{checked_u32(at(section::strings).size(), "the strings"),
                          checked_u32(text.size(), "a string")};
    append_text(at(section::strings), text);
    return where;
  }

  void write_steps() {
    if (data_.rewrites.size() > most_steps || data_.splits.size() > most_steps) {
      throw error("tokenizer: " + std::to_string(std::max(data_.rewrites.size(), data_.splits.size())) +
                  " steps of one kind, the limit is " + std::to_string(most_steps));
    }
    for (rewrite_step const& r : data_.rewrites) {
      append(at(section::rewrites), blob_step{static_cast<std::uint32_t>(r.kind), 0, keep(r.first), keep(r.second)});
    }
    for (split_step const& s : data_.splits) {
      std::uint32_t const behavior = static_cast<std::uint32_t>(s.behavior) | (s.invert ? split_inverted : 0u);
      append(at(section::splits), blob_step{static_cast<std::uint32_t>(s.kind), behavior, keep(s.pattern), {}});
    }
    for (std::uint32_t const unit : data_.charsmap_trie) append(at(section::charsmap_trie), unit);
    append_text(at(section::charsmap_text), data_.charsmap_text);
  }

  void write_template(section s, std::vector<template_item> const& items) {
    for (template_item const& item : items) {
      append(at(s), blob_template{static_cast<std::uint32_t>(item.what), item.id, item.segment});
    }
  }

  /// The extremes that libsentencepiece (in float, from its odd starting points) and the tokenizers library (in double)
  /// use.
  std::pair<double, double> score_range() const {
    double lowest = data_.single_precision ? double{FLT_MAX} : std::numeric_limits<double>::infinity();
    double highest = data_.single_precision ? double{FLT_MIN} : 0;
    for (vocabulary_entry const& e : data_.vocabulary) {
      if (data_.single_precision && e.kind != piece_kind::normal) continue;
      lowest = std::min(lowest, e.score);
      highest = std::max(highest, e.score);
    }
    return {lowest, highest};
  }

  /// Merges never cross the place before a blank's mark if no token has the mark behind anything else. Cutting there
  /// turns one queue of a million offers into small ones, with the same result. The mark must be a token, so that no
  /// unknown stretch crosses either.
  std::string_view chunk_mark() const {
    bool const merges = data_.model == model_kind::merges && !data_.byte_level && !data_.whole_word_first;
    if (!merges && data_.model != model_kind::scored_merges && data_.model != model_kind::llama2c) return {};
    std::string_view const mark = data_.model == model_kind::llama2c ? " " : space_symbol;
    bool known = false;
    for (vocabulary_entry const& e : data_.vocabulary) {
      if (!e.matchable) continue;
      known = known || (e.kind == piece_kind::normal && e.text == mark);
      std::string_view rest = e.text;
      while (rest.starts_with(mark)) rest.remove_prefix(mark.size());
      if (rest.find(mark) != std::string_view::npos) return {};
    }
    return known ? mark : std::string_view{};
  }

  std::uint32_t flags() const {
    return (data_.byte_level ? flag_byte_level : 0u) | (data_.byte_fallback ? flag_byte_fallback : 0u) |
           (data_.fuse_unknown ? flag_fuse_unknown : 0u) | (data_.whole_word_first ? flag_whole_word_first : 0u) |
           (data_.single_precision ? flag_single_precision : 0u) |
           (data_.strip_first_blank ? flag_strip_first_blank : 0u) | (data_.cleanup ? flag_cleanup : 0u) |
           (data_.sentencepiece.add_dummy_prefix ? flag_dummy_prefix : 0u) |
           (data_.sentencepiece.remove_extra_whitespaces ? flag_remove_extra_spaces : 0u) |
           (data_.sentencepiece.escape_whitespaces ? flag_escape_spaces : 0u) |
           (data_.sentencepiece.treat_whitespace_as_suffix ? flag_space_suffix : 0u);
  }

  void write_facts() {
    blob_facts f{};
    f.tokens = static_cast<std::uint32_t>(data_.vocabulary.size());
    f.longest_piece = static_cast<std::uint32_t>(longest_piece_);
    f.model = static_cast<std::uint32_t>(data_.model);
    f.decoder = static_cast<std::uint32_t>(data_.decoder);
    f.flags = flags();
    special_tokens const& s = data_.special;
    f.bos = s.bos.value_or(-1);
    f.eos = s.eos.value_or(-1);
    f.pad = s.pad.value_or(-1);
    f.unk = s.unk.value_or(-1);
    f.cls = s.cls.value_or(-1);
    f.sep = s.sep.value_or(-1);
    f.mask = s.mask.value_or(-1);
    f.longest_word = data_.longest_word;
    f.continuing_prefix = keep(data_.continuing_prefix);
    f.unknown_text = keep(data_.unknown_text);
    f.chunk_mark = keep(chunk_mark());
    f.known = static_cast<std::uint32_t>(data_.known);
    if (data_.model == model_kind::unigram) {
      auto const [lowest, highest] = score_range();
      constexpr double penalty = 10;
      f.unknown_score =
          data_.single_precision ? double{static_cast<float>(lowest) - static_cast<float>(penalty)} : lowest - penalty;
      f.best_score = highest;
    }
    append(at(section::facts), f);
  }

  bytes assemble() const {
    constexpr std::size_t alignment = 8;
    auto const aligned = [](std::size_t size) { return (size + alignment - 1) / alignment * alignment; };
    std::size_t offset = aligned(sizeof(blob_header) + section_count * sizeof(blob_section));
    std::array<blob_section, section_count> places{};
    for (std::size_t i = 0; i < section_count; ++i) {
      places[i] = {offset, sections_[i].size()};
      offset += aligned(sections_[i].size());
    }
    bytes out;
    out.reserve(offset);
    append(out, blob_header{blob_magic, blob_version, offset, static_cast<std::uint32_t>(section_count), 0});
    for (blob_section const& place : places) append(out, place);
    for (std::size_t i = 0; i < section_count; ++i) {
      out.resize(static_cast<std::size_t>(places[i].offset));
      out.insert(out.end(), sections_[i].begin(), sections_[i].end());
    }
    out.resize(offset);
    return out;
  }

  tokenizer_data const& data_;
  std::array<bytes, section_count> sections_;
  std::size_t longest_piece_ = 0;
};

}  // namespace
}  // namespace text

std::vector<std::byte> pack(tokenizer_data const& data) {
  std::vector<std::byte> blob = text::writer(data).write();
  if (data.target == nullptr) return blob;
  std::vector<std::byte> const behind = pack(*data.target);
  blob.insert(blob.end(), behind.begin(), behind.end());
  return blob;
}

}  // namespace constformer
