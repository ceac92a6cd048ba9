#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/data/batch_source.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/train/torch_generator.hpp"

namespace constformer {

/// What files hold.
enum class data_kind : std::uint8_t {
  automatic,      ///< told by the ends of names: .bin, .jsonl (by its first line), .tsv, else text
  tokens,         ///< .bin of nanoGPT, llm.c or llama2.c
  text,           ///< one stream of tokens of all files
  documents,      ///< JSON lines with "text", or a text per line: packed into rows that begin with BOS
  conversations,  ///< JSON lines: {"messages": [{"role", "content"} …]} or the list alone; packed, replies are targets
  pairs,          ///< source, a tab, target; or two files with as many lines
  masked,         ///< a sentence per line, blank lines between documents: BERT's masked pairs, or single texts
};

/// In which order blocks of a stream of tokens come.
enum class block_order : std::uint8_t {
  random,    ///< nanoGPT: each begins anywhere, drawn from torch's generator
  in_order,  ///< one after the other, as llm.c without shuffling
  shuffled,  ///< llm.c: batches of each file by its Mersenne twister
  llama2c,   ///< llama2.c: files and blocks of each by Python's generator; the first file validates
};

/// How a conversation becomes tokens, and which of them are targets: what the assistant says, and its end.
enum class chat_format : std::uint8_t {
  automatic,  ///< the one whose special tokens the vocabulary has
  nanochat,   ///< <|user_start|> …
  chatml,     ///< <|im_start|>user …
  llama2,     ///< [INST] …
  llama3,     ///< <|start_header_id|>user …
};

/// What to train on.
struct data_options {
  std::vector<std::filesystem::path> files{};       ///< files or folders; what names of folders hold is taken in order
  std::vector<std::filesystem::path> validation{};  ///< the same; empty: files named …val… beside them, else a share
  double validation_share = 0.1;                    ///< of `files`, at their end; 0: no validation
  data_kind kind = data_kind::automatic;            ///< of the files
  block_order order = block_order::random;          ///< tokens, text
  chat_format chat = chat_format::automatic;        ///< conversations
  std::string chat_template{};                      ///< conversations: a checkpoint's own, in Jinja; empty: `chat`

  int sequences = 12;      ///< of a batch
  int length = 256;        ///< tokens of each
  int source_length = 0;   ///< pairs: at most so many tokens of a source; 0: `length`
  int decoder_start = -1;  ///< pairs: what a target is begun with; -1: the vocabulary's BOS, else its padding
  int vocab = 0;           ///< ids must be below; 0: the tokenizer's, without one: any
  int source_vocab = 0;    ///< pairs: alike of a source; 0: `vocab`
  std::int64_t seed = -1;  ///< of what is shuffled, 32 bits; -1: the original's, which is 12345 for BERT and 42 else

  int buffer = 0;  ///< documents, conversations: among which the best fit is looked for; 0: nanochat's 1000 and 100

  int masks_per_sequence = 20;     ///< masked: at most
  double mask_probability = 0.15;  ///< masked
  double short_probability = 0.1;  ///< masked: of pairs shorter than `length`
  bool next_sentence = true;       ///< masked: pairs of texts; else single texts, which lines rather than documents end
  int duplicates = 10;             ///< masked: times that a document is masked, each time otherwise

  /// Folder for what is made of text once and then mapped: tokens in llm.c's format, masked sequences. Names carry a
  /// fingerprint of what they were made of, so that a second run finds them. Empty: the system's temporary folder.
  std::filesystem::path cache{};
};

/// The options as JSON, which a program may be given.
[[nodiscard]] std::string json_of(data_options const& options);
/// Reads what `json_of` wrote; missing keys keep their defaults. Throws `error` on anything else.
[[nodiscard]] data_options data_options_of(std::string_view json);

/// Batches to train on and to validate by.
struct training_data {
  std::unique_ptr<batch_source> train;       ///< never empty
  std::unique_ptr<batch_source> validation;  ///< null: there are none
};

/// Opens data. `text` is asked for by all kinds but tokens; `random` is what random blocks of both are drawn from, so
/// that nanoGPT's estimate_loss is: for each of `train` and `validation`, so many `next()`. Both must outlive the data.
/// Throws `error` with names and both numbers.
[[nodiscard]] training_data open_training_data(data_options const& options, tokenizer const* text,
                                               torch_generator* random);

}  // namespace constformer
