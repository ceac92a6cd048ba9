#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
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
  std::string pattern = "gpt2";             ///< cuts text into words; as `split_pattern` takes it
  std::vector<std::string> special{};       ///< tokens that stand for themselves, never found by training
  id_order order = id_order::hugging_face;  ///< how ids are given out
};

/// A pattern by its name: gpt2, gpt4, nanochat, llama3, qwen2, o200k. Anything else is a pattern itself, in the syntax
/// of tokenizer.json (Oniguruma's).
[[nodiscard]] std::string split_pattern(std::string_view name);

/// What was learnt.
struct trained_bpe {
  std::vector<std::string> tokens;          ///< by id: bytes; special tokens as they are written
  std::vector<std::pair<int, int>> merges;  ///< the ids that each joins, first merge first
  int first_special = 0;                    ///< id of the first special token
};

/// Learns byte-level BPE (Sennrich et al., arXiv:1508.07909) of words and their counts: the most frequent pair of
/// neighbours first, of equal ones that of the smaller ids, as tokenizers' BpeTrainer and rustbpe.
class bpe_trainer {
 public:
  /// Throws `error` if the vocabulary has fewer ids than bytes and special tokens need, if a special token comes twice,
  /// or if the pattern is none.
  explicit bpe_trainer(bpe_options options);
  ~bpe_trainer();
  bpe_trainer(bpe_trainer const&) = delete;
  bpe_trainer& operator=(bpe_trainer const&) = delete;

  /// Counts the words of one document, in UTF-8.
  void add(std::string_view document);

  /// Learns; fewer tokens than asked for where no pair is left. Throws `error` if there was no text.
  [[nodiscard]] trained_bpe train() const;

 private:
  struct words;
  bpe_options options_;
  std::unique_ptr<words> words_;
};

/// Collects the characters of text, as nanoGPT's prepare.py does.
class character_trainer {
 public:
  /// Adds those of one document, in UTF-8.
  void add(std::string_view document);

  /// Each once, by its code: the place of a character is its id. Throws `error` if there was no text.
  [[nodiscard]] std::vector<std::string> train() const;

 private:
  std::set<char32_t> seen_;
};

/// Writes tokenizer.json and tokenizer_config.json, which `load_tokenizer_source` and transformers read, to a folder,
/// which is made; with ids in rustbpe's order also nanochat's tokenizer.pkl. Special tokens get the roles that their
/// spellings usually have. Throws `error` where it cannot be written.
void write_bpe(trained_bpe const& bpe, bpe_options const& options, std::filesystem::path const& folder);
/// The same of single characters, one token each.
void write_characters(std::vector<std::string> const& characters, std::vector<std::string> const& special,
                      std::filesystem::path const& folder);

}  // namespace constformer
