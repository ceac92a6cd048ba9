#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/text/tokenizer.hpp"

namespace constformer {

/// What a token of the vocabulary is, in SentencePiece's terms; other vocabularies have only `normal` and `control`.
enum class piece_kind : std::uint8_t { normal, unknown, control, user_defined, unused, byte };

/// One token.
struct vocabulary_entry {
  std::string text;  ///< as it is matched and printed; byte-level vocabularies hold the bytes the token stands for
  double score = 0;  ///< SentencePiece, llama2.c and Unigram; log probability or merge priority, larger is better
  piece_kind kind = piece_kind::normal;  ///< whether it is found in text, and how it is printed
  bool matchable = true;  ///< false: printed, never found in text (a duplicate, or not spelled in the byte alphabet)
};

/// A token that is cut out of the text before the model sees it, with Hugging Face's flags.
struct added_token {
  int id = 0;                ///< within the vocabulary
  std::string text;          ///< as it is written
  bool special = false;      ///< decode skips it
  bool single_word = false;  ///< matched only between non-word characters
  bool strip_left = false;   ///< takes the white space before it
  bool strip_right = false;  ///< takes the white space behind it
  bool normalized = false;   ///< matched in the rewritten text instead of the raw one
};

/// One step that rewrites text before it is split. `first` and `second` mean what the kind says.
enum class rewrite_kind : std::uint8_t {
  prepend,        ///< puts `first` before text that is not empty
  replace,        ///< every `first` becomes `second`
  replace_match,  ///< every match of the pattern `first` becomes `second`
  compose,        ///< Unicode NFC
  decompose,      ///< Unicode NFD
  lowercase,      ///< each code point by itself, as Rust's char::to_lowercase
  strip_accents,  ///< drops combining marks
  strip_left,     ///< drops white space at the start
  strip_right,    ///< drops white space at the end
  bert_clean,     ///< drops control characters, makes white space blanks
  bert_chinese,   ///< puts blanks around CJK ideographs
  bert_accents,   ///< NFD, then drops nonspacing marks
  charsmap,       ///< SentencePiece's precompiled map by grapheme, as the tokenizers library applies it
  sentencepiece,  ///< SentencePiece's whole normaliser; tokenizer_data::sentencepiece has its switches. The last step
  white_space_tokens,  ///< line ends, tabs and runs of blanks become the spelling of ChatGLM-6B's tokens for them
};

/// A step of rewriting, and what it needs.
struct rewrite_step {
  rewrite_kind kind = rewrite_kind::prepend;  ///< what is done
  std::string first;                          ///< UTF-8 text, or a pattern (PCRE2 syntax); what the kind says
  std::string second;                         ///< UTF-8 text; what the kind says
};

/// How SentencePiece normalises (its NormalizerSpec and TrainerSpec fields of the same names).
struct sentencepiece_rules {
  bool add_dummy_prefix = true;             ///< a blank is put before the text
  bool remove_extra_whitespaces = true;     ///< blanks at both ends and all but one of a run are dropped
  bool escape_whitespaces = true;           ///< blanks become ▁ (U+2581)
  bool treat_whitespace_as_suffix = false;  ///< ▁ ends a word instead of beginning it; the dummy goes to the end
};

/// What becomes of the matches of a splitting pattern, in the tokenizers library's terms.
enum class split_behavior : std::uint8_t { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// One step that splits text into words.
enum class split_kind : std::uint8_t {
  match,             ///< by the pattern `pattern` (PCRE2 syntax)
  literal,           ///< by the text `pattern`
  prefix_space,      ///< puts a blank before a word that has none
  metaspace_always,  ///< blanks become `pattern`, which is also put before a word that does not start with it
  metaspace_first,   ///< the same, put before the first word of the text only
  metaspace_never,   ///< the same, put before none
  bert,              ///< by white space and around punctuation
  to_alphabet,       ///< bytes to GPT-2's byte alphabet, where a later step looks at it
  from_alphabet,     ///< and back
};

/// A step of splitting, and what it needs.
struct split_step {
  split_kind kind = split_kind::match;                 ///< what is done
  std::string pattern;                                 ///< what the kind says
  split_behavior behavior = split_behavior::isolated;  ///< match and literal: where the matches go
  bool invert = false;                                 ///< splits where the pattern does not match
};

/// Which algorithm finds the tokens of a word.
enum class model_kind : std::uint8_t {
  merges,         ///< byte-pair encoding by a ranked list of merges (GPT-2, tokenizers library)
  scored_merges,  ///< SentencePiece BPE: any two neighbours that spell a piece, highest score first
  llama2c,        ///< run.c of llama2.c: as above over the ids' own texts, byte fallback at id 3
  unigram,        ///< the most probable segmentation
  wordpiece,      ///< longest match first
  characters,     ///< one code point, one token
  ranks,          ///< tiktoken: any two neighbouring runs of bytes that spell a token, lowest id first
};

/// One merge rule; its rank is its place in the list.
struct merge_rule {
  int left = 0;    ///< id of the first of two neighbours
  int right = 0;   ///< id of the second
  int result = 0;  ///< id of the token that takes their place
};

/// How ids become text again.
enum class decode_kind : std::uint8_t {
  bytes,          ///< pieces one after another
  sentencepiece,  ///< as libsentencepiece
  llama2c,        ///< as run.c: one blank after BOS is dropped, `<0xHH>` is a byte
  byte_fallback,  ///< tokenizers library: ▁ is a blank, `<0xHH>` runs are bytes
  metaspace,      ///< tokenizers library: ▁ is a blank, dropped in the first token
  wordpiece,      ///< blanks between words, continuing prefix dropped, `cleanup` before punctuation
  separated,      ///< pieces with blanks between them
  chatglm,        ///< as libsentencepiece, tokens of white space as the white space they stand for
};

/// One place of a template: a text or a special token.
struct template_item {
  /// The first text, the second, or a special token.
  enum class source : std::uint8_t { first, second, token };
  source what = source::first;  ///< which of them stands here
  int id = 0;                   ///< of the token
  int segment = 0;              ///< of all ids this place gives
};

/// Everything a tokenizer is made of, free of any file format. pack() makes the blob of it that programs carry.
struct tokenizer_data {
  std::vector<vocabulary_entry> vocabulary;  ///< place = id; gaps are control tokens without text
  std::vector<added_token> added;            ///< cut out of the text first
  special_tokens special;                    ///< ids with a role

  std::vector<rewrite_step> rewrites;        ///< done first, in this order
  sentencepiece_rules sentencepiece;         ///< for rewrite_kind::sentencepiece
  std::vector<std::uint32_t> charsmap_trie;  ///< SentencePiece's double array
  std::string charsmap_text;                 ///< its replacements, each ended by a zero byte
  std::vector<split_step> splits;            ///< done next, in this order; none: the text is one word

  model_kind model = model_kind::merges;  ///< done last, on each word
  bool byte_level = false;                ///< merges: words are bytes, not code points
  bool byte_fallback = false;             ///< what is in no piece becomes byte tokens
  bool fuse_unknown = false;              ///< merges: neighbouring unknowns are one token
  bool whole_word_first = false;          ///< merges: a word that is a token needs no merges
  bool single_precision = true;           ///< unigram: sums in float, as libsentencepiece; else double
  std::array<int, 256> byte_ids{};        ///< the token of each byte, -1 where there is none
  std::vector<merge_rule> merges;         ///< merges: the earliest rule goes first
  std::string continuing_prefix;          ///< wordpiece: "##"
  int longest_word = 100;                 ///< wordpiece: longer words (code points) are unknown

  decode_kind decoder = decode_kind::bytes;  ///< how ids become text again
  bool strip_first_blank = false;            ///< byte_fallback, metaspace: one blank at the very start is not printed
  bool cleanup = false;                      ///< wordpiece: no blank before punctuation and in English contractions
  std::string unknown_text;                  ///< sentencepiece: what the unknown token prints

  std::vector<template_item> single{template_item{}};  ///< one text with its special tokens
  /// Two texts with theirs.
  std::vector<template_item> pair{template_item{}, {template_item::source::second, 0, 1}};

  int known = 0;  ///< ids from here on only help to cut words and count as the unknown token; 0: there are none
  /// What an encoder-decoder model writes, where it has another vocabulary or other pieces than what it reads.
  std::shared_ptr<tokenizer_data const> target{};
};

/// The blob of a tokenizer: versioned, little-endian, free of pointers, with every index a program needs already built.
/// Throws `error` where ids, merges or steps name what is not there.
[[nodiscard]] std::vector<std::byte> pack(tokenizer_data const& data);

}  // namespace constformer
