#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace constformer::text {

/// What transformers' tokenizer classes do beyond what a vocabulary's file says, by kind.
enum class class_kind : std::uint8_t {
  none,           ///< nothing: the file is all there is
  bert,           ///< the settings of BERT's normaliser win over the file
  mpnet,          ///< the same, but for Chinese, with RoBERTa's mask
  japanese_bert,  ///< words as settings say; those of MeCab, Sudachi and Juman++ are refused
  roberta,        ///< byte-level BPE between <s> and </s>
  gpt2,           ///< byte-level BPE
  qwen2,          ///< byte-level BPE with its own pattern, after NFC
  gpt_neox,       ///< byte-level BPE after NFC; begins and ends as settings say
  cohere,         ///< begins and ends as settings say
  llama,          ///< begins and ends as settings say; blanks as settings say
  gemma,          ///< begins and ends as settings say
  t5,             ///< Unigram, ends with </s>, with sentinels behind the pieces
  xlm_roberta,    ///< Unigram between <s> and </s>, under fairseq's numbers
  camembert,      ///< the same, with the numbers of CamemBERT
  chatglm,        ///< ChatGLM2 and 3
  refused,        ///< reads its files in a way of its own
};

/// A class of transformers, as 4.57 has it.
struct class_facts {
  std::string_view names;                   ///< with blanks between them, without Tokenizer and Fast
  class_kind kind = class_kind::none;       ///< what it does
  std::array<std::string_view, 7> roles{};  ///< default bos, eos, unk, sep, pad, cls, mask; empty: none
  bool begins = false;                      ///< add_bos_token where the settings do not say
};

/// The facts of a class by its name, with or without Tokenizer and Fast; of one that is not known: kind none.
[[nodiscard]] class_facts const& class_named(std::string_view name);

/// Whether `class_named` knows it.
[[nodiscard]] bool is_known_class(std::string_view name);

/// The class that AutoTokenizer takes for a config.json of that model_type; empty for others.
[[nodiscard]] std::string_view class_of_model_type(std::string_view model_type);

}  // namespace constformer::text
