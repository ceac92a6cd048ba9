#pragma once

#include <filesystem>
#include <string_view>

#include "constformer/text/tokenizer_data.hpp"

namespace constformer {

/// Reads a tokenizer from a file or a folder; docs/tokenizers.md lists the formats, what is looked for in a folder and
/// in which order. Throws `error` naming the file and what in it is damaged or not supported.
[[nodiscard]] tokenizer_data load_tokenizer_source(std::filesystem::path const& path);

/// True if `folder` holds a file that load_tokenizer_source would read.
[[nodiscard]] bool has_tokenizer_source(std::filesystem::path const& folder);

/// @name Readers by format
/// Over the bytes of a file; `name` is what errors call it. Each throws `error` on what is damaged or not supported.
/// @{

/// tokenizer.bin of llama2.c (tokenizer.py and run.c): longest token, then score, length and bytes of each id.
[[nodiscard]] tokenizer_data read_llama2c_tokenizer(std::string_view bytes, std::string_view name);
/// tokenizer.model: SentencePiece's ModelProto, BPE or Unigram.
[[nodiscard]] tokenizer_data read_sentencepiece_model(std::string_view bytes, std::string_view name);
/// tokenizer.json of Hugging Face's tokenizers library.
[[nodiscard]] tokenizer_data read_tokenizer_json(std::string_view bytes, std::string_view name);
/// vocab.json and merges.txt of GPT-2: byte-level BPE, split by GPT-2's pattern.
[[nodiscard]] tokenizer_data read_bpe_files(std::string_view vocab_json, std::string_view merges_txt,
                                            std::string_view name);
/// vocab.txt of BERT: one token per line; `lower_case` also strips accents, as BERT's do_lower_case does.
[[nodiscard]] tokenizer_data read_wordpiece_vocab(std::string_view bytes, std::string_view name, bool lower_case);
/// A JSON object {"type": "char", "chars": [...]}: the place of a character is its id.
[[nodiscard]] tokenizer_data read_character_vocab(std::string_view bytes, std::string_view name);
/// meta.pkl of nanoGPT: a pickled dict whose `itos` gives the character of each id.
[[nodiscard]] tokenizer_data read_pickled_characters(std::string_view bytes, std::string_view name);
/// @}

}  // namespace constformer
