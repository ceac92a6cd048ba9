#pragma once

#include <array>
#include <string_view>

#include "json.hpp"

/// The keys of sentence-transformers' JSON files, and what is made of each; tests/formats compares the list with the
/// keys of the installed library.
namespace constformer {

/// Whose keys: a file, or the config.json of a module's folder.
enum class sentence_file { modules, transformer, pooling, dense, layer_norm, normalize, dropout, model };

/// One key.
struct sentence_key {
  sentence_file file;       ///< where it stands
  std::string_view name;    ///< as written
  std::string_view excuse;  ///< why it is not read; empty: it is read, or refused unless it asks for nothing
};

/// All of them, those of older layouts included.
inline constexpr std::array sentence_keys{
    sentence_key{sentence_file::modules, "type", ""},
    sentence_key{sentence_file::modules, "path", ""},
    sentence_key{sentence_file::modules, "idx", "modules run in the order of the list"},
    sentence_key{sentence_file::modules, "name", "a label"},
    sentence_key{sentence_file::modules, "kwargs", "names arguments that only callers of the library give"},

    sentence_key{sentence_file::transformer, "max_seq_length", ""},
    sentence_key{sentence_file::transformer, "do_lower_case", ""},
    sentence_key{sentence_file::transformer, "transformer_task", ""},
    sentence_key{sentence_file::transformer, "modality_config", ""},
    sentence_key{sentence_file::transformer, "module_output_name", ""},
    sentence_key{sentence_file::transformer, "processing_kwargs", ""},
    sentence_key{sentence_file::transformer, "model_args", ""},
    sentence_key{sentence_file::transformer, "model_kwargs", ""},
    sentence_key{sentence_file::transformer, "tokenizer_args", ""},
    sentence_key{sentence_file::transformer, "processor_kwargs", ""},
    sentence_key{sentence_file::transformer, "config_args", ""},
    sentence_key{sentence_file::transformer, "config_kwargs", ""},
    sentence_key{sentence_file::transformer, "tokenizer_name_or_path", ""},
    sentence_key{sentence_file::transformer, "unpad_inputs", "how several texts are laid out in one batch"},
    sentence_key{sentence_file::transformer, "query_length", "only for callers that name a task"},
    sentence_key{sentence_file::transformer, "document_length", "only for callers that name a task"},
    sentence_key{sentence_file::transformer, "query_expansion", "only for callers that name a task"},
    sentence_key{sentence_file::transformer, "backend", "which library computes"},
    sentence_key{sentence_file::transformer, "cache_dir", "where downloads are kept"},

    sentence_key{sentence_file::pooling, "pooling_mode", ""},
    sentence_key{sentence_file::pooling, "pooling_mode_cls_token", ""},
    sentence_key{sentence_file::pooling, "pooling_mode_max_tokens", ""},
    sentence_key{sentence_file::pooling, "pooling_mode_mean_tokens", ""},
    sentence_key{sentence_file::pooling, "pooling_mode_mean_sqrt_len_tokens", ""},
    sentence_key{sentence_file::pooling, "pooling_mode_weightedmean_tokens", ""},
    sentence_key{sentence_file::pooling, "pooling_mode_lasttoken", ""},
    sentence_key{sentence_file::pooling, "include_prompt", ""},
    sentence_key{sentence_file::pooling, "embedding_dimension", "the model's own extent"},
    sentence_key{sentence_file::pooling, "word_embedding_dimension", "the model's own extent"},

    sentence_key{sentence_file::dense, "in_features", ""},
    sentence_key{sentence_file::dense, "out_features", ""},
    sentence_key{sentence_file::dense, "bias", ""},
    sentence_key{sentence_file::dense, "activation_function", ""},
    sentence_key{sentence_file::dense, "module_input_name", ""},
    sentence_key{sentence_file::dense, "module_output_name", ""},
    sentence_key{sentence_file::dense, "use_residual", ""},

    sentence_key{sentence_file::layer_norm, "dimension", ""},

    sentence_key{sentence_file::normalize, "module_input_name", ""},
    sentence_key{sentence_file::normalize, "module_output_name", ""},

    sentence_key{sentence_file::dropout, "dropout", "only while training"},

    sentence_key{sentence_file::model, "prompts", ""},
    sentence_key{sentence_file::model, "default_prompt_name", ""},
    sentence_key{sentence_file::model, "truncate_dim", ""},
    sentence_key{sentence_file::model, "model_type", ""},
    sentence_key{sentence_file::model, "__version__", "who wrote the files"},
    sentence_key{sentence_file::model, "requirements", "versions of libraries that compute nothing here"},
    sentence_key{sentence_file::model, "similarity_fn_name", "how embeddings are compared"},
    sentence_key{sentence_file::model, "activation_fn", "of a cross-encoder's score, which classify prints as it is"},
    sentence_key{sentence_file::model, "keep_in_fp32_modules", "programs compute in float32"},
};

/// Throws `error` at a key that the list does not have for this file.
void refuse_unknown(json_fields const& fields, sentence_file file);

}  // namespace constformer
