#pragma once

#include <filesystem>
#include <string_view>

#include "constformer/text/tokenizer_data.hpp"

namespace constformer {

/// Reads a tokenizer from a file or a folder; docs/tokenizers.md lists the formats, what is looked for in a folder and in which
/// order. Throws `error` naming the file and what in it is damaged or not supported.
[[nodiscard]] tokenizer_data load_tokenizer_source(std::filesystem::path const& path);

/// True if `folder` holds a file that load_tokenizer_source would read.
[[nodiscard]] bool has_tokenizer_source(std::filesystem::path const& folder);

/// The readers by format, over the bytes of a file; `name` is what errors call it.
/// @{
[[nodiscard]] tokenizer_data read_llama2c_tokenizer(std::string_view bytes, std::string_view name);
[[nodiscard]] tokenizer_data read_sentencepiece_model(std::string_view bytes, std::string_view name);
[[nodiscard]] tokenizer_data read_tokenizer_json(std::string_view bytes, std::string_view name);
[[nodiscard]] tokenizer_data read_bpe_files(std::string_view vocab_json, std::string_view merges_txt,
                                            std::string_view name);
[[nodiscard]] tokenizer_data read_wordpiece_vocab(std::string_view bytes, std::string_view name, bool lower_case);
[[nodiscard]] tokenizer_data read_character_vocab(std::string_view bytes, std::string_view name);
/// @}

}  // namespace constformer
