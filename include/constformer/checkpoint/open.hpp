#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/embedding.hpp"
#include "constformer/checkpoint/generation_defaults.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer {

/// What wrote a checkpoint.
enum class checkpoint_format {
  hugging_face,
  llama2c_v0,
  llama2c_v1,
  llama2c_v2,
  nanogpt,
  gpt_state,
  nanochat,
  ctranslate2,
  gguf,
  traced
};

/// "Hugging Face folder", "llama2.c v0", "llama2.c v1", "llama2.c v2", "nanoGPT checkpoint", "state_dict of a GPT",
/// "nanochat checkpoint", "CTranslate2 folder", "GGUF", "folder of a model of one's own".
[[nodiscard]] std::string_view name_of(checkpoint_format format);

/// Tokens with a meaning of their own, as config.json and generation_config.json name them. Ids outside the vocabulary,
/// which no model can produce, are left out.
struct special_ids {
  std::optional<int> bos;              ///< begins a text
  std::vector<int> eos;                ///< generation stops at any of these
  std::optional<int> pad;              ///< fills up batches; a session takes one sequence and needs none
  std::optional<int> decoder_start{};  ///< encoder-decoder models: stands before every target
};

/// What the outputs of a classifier mean.
struct label_names {
  std::vector<std::string> names;  ///< by output; empty: config.json has none
  bool several = false;            ///< each label is judged by itself (sigmoid), not one among them all (softmax)
};

/// Tokenizer files found beside the weights; a path is empty where there is none.
struct tokenizer_files {
  std::filesystem::path tokenizer_json;       ///< Hugging Face tokenizers
  std::filesystem::path tokenizer_config;     ///< tokenizer_config.json
  std::filesystem::path special_tokens_map;   ///< special_tokens_map.json
  std::filesystem::path added_tokens;         ///< added_tokens.json
  std::filesystem::path vocab_json;           ///< byte-level BPE, with merges_txt
  std::filesystem::path merges_txt;           ///< the ranked merges, one per line
  std::filesystem::path vocab_txt;            ///< WordPiece
  std::filesystem::path sentencepiece_model;  ///< tokenizer.model, spiece.model or ice_text.model
  std::filesystem::path chars_json;           ///< one token per character
  std::filesystem::path llama2c_bin;          ///< tokenizer.bin of llama2.c
  std::filesystem::path given;  ///< the file or folder that the caller named; then the others are what is in it

  /// What the command says it found: the names of the files that hold a vocabulary, joined by " + "; empty if none
  /// does.
  [[nodiscard]] std::string summary() const;
};

/// Something that decides the arithmetic and that the checkpoint does not say.
struct assumption {
  std::string field;  ///< of `config`
  std::string value;  ///< as config headers write it
  std::string why;    ///< what it was taken from, and the option that says otherwise
};

/// A key of a checkpoint's settings that its reader leaves aside.
struct unread_key {
  std::string key;    ///< a path, if it is inside an object: "rope_scaling.finetuned"
  std::string value;  ///< as messages quote it
  std::string why;    ///< it cannot matter; empty: the key is not known
};

/// A checkpoint whose files are mapped, whose header was checked and whose config is valid. Shapes are not yet checked
/// against the config: that is the compiler's work.
struct checkpoint {
  std::filesystem::path path;  ///< the file, or the folder of config.json, weights and tokenizer
  std::filesystem::path root;  ///< what was opened: `path`, or the folder whose modules.json names it
  checkpoint_format format = checkpoint_format::hugging_face;  ///< recognised from the content
  config model;                                                ///< valid; f32 weights, capacity = positions
  std::string prefix;                ///< of tensor names except the head's: "model.", "transformer.", "bert." or ""
  std::vector<tensor_view> tensors;  ///< by name, each once; what the family never reads is in `unread`
  /// Hugging Face folders: the same bytes and more by the files' own names and shapes.
  std::vector<tensor_view> stored;
  std::vector<unread_tensor> unread;    ///< by name
  bool linear_in_out = false;           ///< GPT-2's four linear layers are stored [in, out] (Conv1D), not [out, in]
  std::optional<pooling_kind> pooling;  ///< GGUF: how hidden states become an embedding
  label_names labels;                   ///< of a classifier
  special_ids ids;                      ///< llama2.c: BOS is 1 and also ends a text, as in run.c
  generation_defaults generation;       ///< of decoders, as their files ask for
  tokenizer_files tokenizer;            ///< found, not yet read
  std::vector<assumption> assumed;      ///< what the files leave open; empty for most formats
  std::vector<unread_key> unread_keys;  ///< of config.json or of the file's metadata
  std::vector<mapped_file> files;       ///< what the tensors view
  std::vector<std::vector<std::byte>> made;  ///< what they view that no file holds as it is

  /// The tensor of that name, or nullptr.
  [[nodiscard]] tensor_view const* find(std::string_view name) const;
};

/// What the caller knows better than the files.
struct open_options {
  std::filesystem::path tokenizer{};            ///< a tokenizer file or folder instead of what lies beside the weights
  int heads = 0;                                ///< of a bare state_dict; 0: d_model / 64
  std::optional<float> softcap{};               ///< of the logits of nanochat's own files
  std::optional<activation_kind> activation{};  ///< of nanoGPT and its kin: gelu or gelu_tanh
  /// The data of safetensors and GGUF files may be missing and reads as zeros: for checks of shapes, not for packing.
  bool shapes_only = false;
};

/// Opens a Hugging Face folder (config.json; model.safetensors or pytorch_model.bin, whole or in shards), a llama2.c
/// .bin (v0, v1, v2), a GGUF file, or what torch.save wrote of a nanoGPT, minGPT, makemore or nanochat model. An option
/// that does not concern the format is refused. Throws `error` with one sentence that names the file and the field or
/// tensor that is wrong.
[[nodiscard]] checkpoint open_checkpoint(std::filesystem::path const& path, open_options const& options = {});

}  // namespace constformer
