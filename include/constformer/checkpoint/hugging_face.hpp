#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "constformer/checkpoint/generation_defaults.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer {

/// What config.json alone says about a model.
struct hugging_face_config {
  config model;              ///< valid; `pooler` is true for BERT, whatever the tensors
  special_ids ids;           ///< bos, eos and pad as config.json has them
  std::string architecture;  ///< the class that saved the file, "BertForTokenClassification"; empty if it does not say
  label_names labels;        ///< of a classifier, if there is one
  generation_defaults generation;  ///< of decoders, in a config.json of before generation_config.json
  bool ties_head = true;           ///< of an encoder: a head for masked tokens is the embedding, if it is not stored
  std::vector<unread_key> unread;  ///< keys that are not read
};

/// Reads the text of a config.json of model_type llama, mistral, qwen2, gpt2, bert, roberta or
/// distilbert into a valid `config`; `where`
/// names the file in messages. Follows the configuration classes of Hugging Face transformers 5: the same defaults for
/// absent fields (sizes that every checkpoint states have none), rope_scaling and rope_theta as well as
/// rope_parameters. A field that would change the arithmetic in a way `config` cannot say is refused. Throws `error`
/// naming file, field and value.
///
/// `pooler` (BERT, RoBERTa) is left true, and there is neither classifier nor head for masked tokens: only the tensors
/// tell.
[[nodiscard]] hugging_face_config read_hugging_face_config(std::string_view text, std::string_view where);

/// The special ids of config.json, overruled where the generation_config.json `text` names others; what config.json says
/// about generating does not count beside it, as in transformers.
void overrule_generation(special_ids& ids, generation_defaults& generation, std::string_view text,
                         std::string_view where, config const& model);

/// The activation that transformers calls `name`, if `config` has it.
[[nodiscard]] std::optional<activation_kind> activation_from_hugging_face(std::string_view name);

/// Looks for tokenizer files in `folder`.
[[nodiscard]] tokenizer_files find_tokenizer_files(std::filesystem::path const& folder);

}  // namespace constformer
