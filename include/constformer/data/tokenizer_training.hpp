#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace constformer {

/// How ids are given out.
enum class id_order : std::uint8_t {
  hugging_face,  ///< tokenizers' BpeTrainer: special tokens, bytes in the order of GPT-2's alphabet, merges
  rustbpe,       ///< rustbpe and tiktoken: bytes by value, merges, special tokens
};

/// What byte-level BPE is trained with.
struct bpe_options {
  int vocab_size = 0;                       ///< all ids, special tokens included
  std::string pattern{};                    ///< cuts text into words (PCRE2 syntax); empty: GPT-2's
  std::vector<std::string> special{};       ///< tokens that stand for themselves, never found by training
  id_order order = id_order::hugging_face;  ///< how ids are given out
};

/// What was learnt: the token of each id and which two ids each merge joins, first merge first.
struct trained_bpe {
  std::vector<std::string> tokens;          ///< bytes, by id; special tokens as they are written
  std::vector<std::pair<int, int>> merges;  ///< ids
  int first_special = 0;                    ///< id of the first special token
};

/// Counts the words of text and learns merges. Equal counts: the pair of smaller ids first.
class bpe_trainer {
 public:
  /// Throws `error` if the vocabulary is smaller than 256 bytes and the special tokens need, or the pattern is none.
  explicit bpe_trainer(bpe_options options);
  ~bpe_trainer();
  bpe_trainer(bpe_trainer const&) = delete;
  bpe_trainer& operator=(bpe_trainer const&) = delete;

  /// Counts the words of one document.
  void add(std::string_view document);
  /// Learns; fewer merges than asked for where no pair is left. Throws `error` if there was no text.
  [[nodiscard]] trained_bpe train() const;

 private:
  struct words;
  bpe_options options_;
  std::unique_ptr<words> words_;
};

/// A pattern by its name (gpt2, gpt4, llama3, qwen2, o200k, nanochat); anything else is a pattern itself.
[[nodiscard]] std::string split_pattern(std::string_view name);

/// Writes tokenizer.json and tokenizer_config.json to `folder`, which is made.
void write_bpe(trained_bpe const& bpe, bpe_options const& options, std::filesystem::path const& folder);

}  // namespace constformer
