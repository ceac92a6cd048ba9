#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "text/blob_reader.hpp"
#include "text/hashing.hpp"

namespace constformer::text {

/// The vocabulary of a blob: texts, kinds and scores by id, and ids by text.
class piece_table {
 public:
  explicit piece_table(blob_reader const& blob)
      : offsets_(blob.array<std::uint32_t>(section::token_offsets, "the table of token offsets")),
        kinds_(blob.array<std::uint8_t>(section::token_kinds, "the table of token kinds")),
        scores_(blob.array<double>(section::token_scores, "the table of token scores")),
        pieces_(slots(blob, section::piece_slots)),
        reserved_(slots(blob, section::reserved_slots)),
        text_(blob.text(section::token_text)) {}

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(kinds_.size()); }

  [[nodiscard]] std::string_view text(std::uint32_t id) const {
    std::uint32_t const begin = offsets_[id], end = offsets_[std::size_t{id} + 1];
    if (begin > end || end > text_.size()) throw_damaged("the text of a token");
    return text_.substr(begin, end - begin);
  }

  [[nodiscard]] piece_kind kind(std::uint32_t id) const { return static_cast<piece_kind>(kinds_[id] & ~kind_skipped); }
  [[nodiscard]] bool is_skipped(std::uint32_t id) const { return (kinds_[id] & kind_skipped) != 0; }
  [[nodiscard]] double score(std::uint32_t id) const { return scores_[id]; }

  /// The id of the matchable piece that spells `left` and then `right`.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view left, std::string_view right = {}) const {
    return find_in(pieces_, left, right);
  }

  /// The same among control, unknown and byte tokens.
  [[nodiscard]] std::optional<std::uint32_t> find_reserved(std::string_view text) const {
    return find_in(reserved_, text, {});
  }

 private:
  static table<std::uint32_t> slots(blob_reader const& blob, section s) {
    table<std::uint32_t> const t = blob.array<std::uint32_t>(s, "an index of pieces");
    if ((t.size() & (t.size() - 1)) != 0) throw_damaged("an index of pieces");
    return t;
  }

  [[nodiscard]] std::optional<std::uint32_t> find_in(table<std::uint32_t> const& slots, std::string_view left,
                                                     std::string_view right) const {
    std::size_t slot = first_slot(hash_of(left, right), slots.size());
    for (std::size_t probe = 0; probe < slots.size(); ++probe, slot = (slot + 1) & (slots.size() - 1)) {
      std::uint32_t const stored = slots[slot];
      if (stored == 0) return std::nullopt;
      std::string_view const candidate = text(stored - 1);
      if (candidate.size() == left.size() + right.size() && candidate.starts_with(left) && candidate.ends_with(right)) {
        return stored - 1;
      }
    }
    return std::nullopt;
  }

  table<std::uint32_t> offsets_;
  table<std::uint8_t> kinds_;
  table<double> scores_;
  table<std::uint32_t> pieces_, reserved_;
  std::string_view text_;
};

}  // namespace constformer::text
