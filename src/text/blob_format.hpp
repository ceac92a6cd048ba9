#pragma once

#include <cstddef>
#include <cstdint>

namespace constformer::text {

/// The tokenizer blob: a header, a section table and the sections, each 8-byte aligned. docs/tokenizers.md describes
/// it.

inline constexpr std::uint32_t blob_magic = 0x4B544643;  // "CFTK"
inline constexpr std::uint32_t blob_version = 1;

enum class section : std::uint32_t {
  facts,            ///< one blob_facts
  byte_ids,         ///< i32[256]
  token_offsets,    ///< u32[tokens + 1] into token_text
  token_text,       ///< bytes
  token_kinds,      ///< u8[tokens]: piece_kind, bit 7: decode skips it
  token_scores,     ///< f64[tokens] or empty
  piece_slots,      ///< u32[2^k]: hash table of matchable pieces, id + 1
  reserved_slots,   ///< u32[2^k]: hash table of all other pieces
  merges,           ///< blob_merge[], by rank
  merge_slots,      ///< u32[2^k]: hash table of merges by (left, right), rank + 1
  pieces_trie,      ///< unigram, wordpiece
  continuing_trie,  ///< wordpiece: pieces with the prefix, without it
  user_trie,        ///< SentencePiece's user-defined symbols
  charsmap_trie,    ///< u32[]: SentencePiece's double array
  charsmap_text,    ///< zero-ended strings
  added,            ///< blob_added[]
  added_raw_trie,   ///< places in `added` of those matched in raw text
  added_late_trie,  ///< places in `added` of those matched in rewritten text
  rewrites,         ///< blob_step[]
  splits,           ///< blob_step[]
  strings,          ///< bytes that steps point into
  single,           ///< blob_template[]
  pair,             ///< blob_template[]
  count
};

inline constexpr std::size_t section_count = static_cast<std::size_t>(section::count);

struct blob_header {
  std::uint32_t magic, version;
  std::uint64_t size;      ///< of the whole blob
  std::uint32_t sections;  ///< section_count
  std::uint32_t reserved;  ///< 0
};

struct blob_section {
  std::uint64_t offset, size;
};

/// A string in section::strings.
struct blob_text {
  std::uint32_t offset, size;
};

enum fact_flag : std::uint32_t {
  flag_byte_level = 1u << 0,
  flag_byte_fallback = 1u << 1,
  flag_fuse_unknown = 1u << 2,
  flag_whole_word_first = 1u << 3,
  flag_single_precision = 1u << 4,
  flag_strip_first_blank = 1u << 5,
  flag_cleanup = 1u << 6,
  flag_dummy_prefix = 1u << 7,
  flag_remove_extra_spaces = 1u << 8,
  flag_escape_spaces = 1u << 9,
  flag_space_suffix = 1u << 10,
};

/// Scalars; ids are -1 where there is none.
struct blob_facts {
  std::uint32_t tokens, longest_piece;
  std::uint32_t model, decoder, flags;
  std::int32_t bos, eos, pad, unk, cls, sep, mask;
  std::int32_t longest_word;
  blob_text continuing_prefix, unknown_text;
  blob_text chunk_mark;  ///< merges: a word may be cut before it; empty: it may not
  std::uint32_t known;   ///< ids from here on become the unknown token; 0: none do
  double unknown_score;  ///< unigram: what an unknown character costs
  double best_score;     ///< unigram: what user-defined symbols are measured by
};

struct blob_merge {
  std::uint32_t left, right, result;
};

struct blob_added {
  std::int32_t id;
  std::uint32_t flags;  ///< added_flag
};

enum added_flag : std::uint32_t {
  added_special = 1u << 0,
  added_single_word = 1u << 1,
  added_strip_left = 1u << 2,
  added_strip_right = 1u << 3,
};

/// A rewrite or a split. `behavior` has bit 8 set if the split is inverted.
struct blob_step {
  std::uint32_t kind, behavior;
  blob_text first, second;
};

struct blob_template {
  std::uint32_t source;
  std::int32_t id, segment;
};

inline constexpr std::uint8_t kind_skipped = 0x80;
inline constexpr std::uint32_t split_inverted = 1u << 8;
inline constexpr std::size_t most_steps = 64;

}  // namespace constformer::text
