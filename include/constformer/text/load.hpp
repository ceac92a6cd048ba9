#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

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
/// The files of a Marian model: source.spm and target.spm cut the two languages, vocab.json numbers the pieces of both,
/// or of sources only where there is a target_vocab.json; a piece that has no number there is the unknown token.
[[nodiscard]] tokenizer_data read_marian_files(std::string_view source_spm, std::string_view target_spm,
                                               std::string_view vocab_json, std::string_view name,
                                               std::optional<std::string_view> target_vocab_json = {});
/// A vocabulary of OpenNMT, a token per line. If all but the named ones (`<s>` …) are single characters, text is cut
/// into characters; else into words at white space. `<unk>` is put behind them where it is missing, as CTranslate2
/// does.
[[nodiscard]] tokenizer_data read_word_list(std::string_view bytes, std::string_view name);
/// Ranks of tiktoken, a line each: the token in base64, a blank, its rank. How many there are tells the encoding: r50k
/// (GPT-2), cl100k or o200k, with its pattern and special tokens.
[[nodiscard]] tokenizer_data read_tiktoken(std::string_view bytes, std::string_view name);
/// vocab.txt of BERT: one token per line; `lower_case` also strips accents, as BERT's do_lower_case does.
[[nodiscard]] tokenizer_data read_wordpiece_vocab(std::string_view bytes, std::string_view name, bool lower_case);
/// The vocabulary in a GGUF file: tokenizer.ggml.model llama (SentencePiece BPE), gpt2, whitespace and gemma4 (BPE,
/// split as tokenizer.ggml.pre says), bert (WordPiece) or t5 (Unigram).
[[nodiscard]] tokenizer_data read_gguf_tokenizer(std::span<std::byte const> file, std::string_view name);
/// A JSON object {"type": "char", "chars": [...]}: the place of a character is its id.
[[nodiscard]] tokenizer_data read_character_vocab(std::string_view bytes, std::string_view name);
/// meta.pkl of nanoGPT, a pickled dict whose `itos` gives the character of each id, or tokenizer.pkl of nanochat:
/// tiktoken's Encoding with ranks, special tokens and pattern. Nothing else that a pickle may name is made.
[[nodiscard]] tokenizer_data read_pickled_tokenizer(std::string_view bytes, std::string_view name);
/// @}

}  // namespace constformer
