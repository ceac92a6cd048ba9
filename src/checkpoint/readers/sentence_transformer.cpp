#include "sentence_transformer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <nlohmann/json.hpp>

#include "constformer/config/rules.hpp"
#include "json.hpp"
#include "sentence_keys.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

// In the order in which the library looks for them; a file without fields counts as absent.
constexpr std::array config_names{"sentence_bert_config.json",       "sentence_roberta_config.json",
                                  "sentence_distilbert_config.json", "sentence_camembert_config.json",
                                  "sentence_albert_config.json",     "sentence_xlm-roberta_config.json",
                                  "sentence_xlnet_config.json"};

// Arguments of from_pretrained that change no id and no sum.
constexpr std::array harmless_arguments{"trust_remote_code", "torch_dtype",  "dtype",           "attn_implementation",
                                        "use_safetensors",   "revision",     "cache_dir",       "token",
                                        "local_files_only",  "padding_side", "use_fast",        "low_cpu_mem_usage",
                                        "device_map",        "use_cache",    "model_max_length"};

void refuse_arguments(json_fields const& fields, std::string_view name) {
  if (fields.is_empty(name)) return;
  json_fields const arguments = fields.object(name);
  for (std::string const& argument : arguments.all())
    if (std::ranges::find(harmless_arguments, argument) == harmless_arguments.end())
      arguments.misfit(argument, "it is not supported there");
}

// A number of tokens; tokenizers say 10^30 where they mean none.
std::optional<int> length_of(json_fields const& fields, std::string_view name) {
  auto const* const value = fields.find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number() || value->get<double>() < 1) fields.misfit(name, "it must be a number of tokens");
  if (value->get<double>() > detail::largest_extent) return std::nullopt;
  return static_cast<int>(value->get<double>());
}

// Which output of the encoder goes to the next module. Chat messages would be put into a template first.
void check_output(json_fields const& fields, sentence_transformer_settings& out) {
  std::string const task = fields.text("transformer_task", "feature-extraction");
  out.scores = task == "sequence-classification";
  if (!out.scores && task != "feature-extraction")
    fields.misfit("transformer_task", "supported are feature-extraction and sequence-classification");
  if (!fields.has("modality_config")) return;
  json_fields const modalities = fields.object("modality_config");
  if (modalities.names("message")) modalities.misfit("message", "input by the chat template is not supported");
  json_fields const text = modalities.object("text");
  if (text.text("method") != "forward") text.misfit("method", "supported is forward");
  auto const* const output = text.find("method_output_name");
  std::string const wanted = out.scores ? "logits" : "last_hidden_state";
  if (output == nullptr || (*output != wanted && *output != nlohmann::json::array({wanted})))
    text.misfit("method_output_name", "supported is " + wanted);
  if (fields.text("module_output_name") != (out.scores ? "scores" : "token_embeddings"))
    fields.misfit("module_output_name", out.scores ? "supported is scores" : "supported is token_embeddings");
}

void take_config(json_fields const& fields, sentence_transformer_settings& out) {
  refuse_unknown(fields, sentence_file::transformer);
  out.lower_case = fields.flag("do_lower_case", false);
  if (fields.has("max_seq_length")) out.max_sequence = fields.extent("max_seq_length");
  check_output(fields, out);
  for (char const* const name : {"model_args", "model_kwargs", "config_args", "config_kwargs"})
    refuse_arguments(fields, name);
  for (char const* const name : {"tokenizer_args", "processor_kwargs"}) {
    refuse_arguments(fields, name);
    if (fields.is_empty(name)) continue;
    if (auto const length = length_of(fields.object(name), "model_max_length")) out.max_sequence = *length;
  }
  if (!fields.is_empty("processing_kwargs")) fields.misfit("processing_kwargs", "only an empty one is supported");
  if (fields.has("tokenizer_name_or_path"))
    fields.misfit("tokenizer_name_or_path", "a tokenizer elsewhere is not supported");
}

// What the tokenizer says counts as far as the model goes, unless the module says its own length.
void take_tokenizer(json_fields const& fields, config const& model, sentence_transformer_settings& out) {
  std::string const side = fields.text("truncation_side", "right");
  if (side != "right" && side != "left") fields.misfit("truncation_side", "it must be right or left");
  out.cut_left = side == "left";
  if (out.max_sequence > 0) return;
  auto const length =
      fields.names("model_max_length") ? length_of(fields, "model_max_length") : length_of(fields, "max_len");
  if (length) out.max_sequence = std::min(*length, model.positions);
}

bool is_there(fs::path const& file) {
  std::error_code unreadable;
  return fs::is_regular_file(file, unreadable);
}

}  // namespace

sentence_transformer_settings read_sentence_transformer(fs::path const& folder, config const& model) {
  sentence_transformer_settings out;
  for (char const* const name : config_names) {
    if (!is_there(folder / name)) continue;
    json_document const settings(folder / name);
    if (settings.fields().all().empty()) continue;
    take_config(settings.fields(), out);
    break;
  }
  if (is_there(folder / "tokenizer_config.json")) {
    json_document const settings(folder / "tokenizer_config.json");
    take_tokenizer(settings.fields(), model, out);
  }
  if (out.max_sequence == 0) out.max_sequence = model.positions;
  return out;
}

}  // namespace constformer
