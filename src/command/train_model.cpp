#include "train_model.hpp"

#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "../checkpoint/readers/hugging_face_write.hpp"
#include "../checkpoint/readers/json.hpp"
#include "../checkpoint/readers/nanochat_sizes.hpp"
#include "config_header.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string read_text(fs::path const& path) {
  mapped_file const file(path);
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

int extent(json const& args, char const* key, std::string const& where) {
  auto const at = args.find(key);
  if (at == args.end()) throw error(where + ": " + key + " is missing");
  if (!at->is_number_integer() || at->get<std::int64_t>() < 1 || at->get<std::int64_t>() > detail::largest_extent)
    throw error(where + ": " + key + " is " + quoted(*at) + ", it must be between 1 and " +
                std::to_string(detail::largest_extent));
  return at->get<int>();
}

// nanoGPT's model_args: GPT-2 in all but the erf GELU and, if there are none, biases.
config read_model_args(json const& args, std::string const& where) {
  config c = gpt2({.layers = extent(args, "n_layer", where),
                   .d_model = extent(args, "n_embd", where),
                   .heads = extent(args, "n_head", where),
                   .vocab = extent(args, "vocab_size", where),
                   .positions = extent(args, "block_size", where)});
  c = with_biases(c, args.value("bias", true));
  c.activation = activation_kind::gelu;
  return c;
}

// What learns to fill masks or to translate, by its model_type, and the class of transformers for it.
struct known_type {
  std::string_view type;
  train_task task;
  std::string_view architecture;
};
constexpr std::array known_types{known_type{"bert", train_task::masked, "BertForMaskedLM"},
                                 known_type{"roberta", train_task::masked, "RobertaForMaskedLM"},
                                 known_type{"xlm-roberta", train_task::masked, "XLMRobertaForMaskedLM"},
                                 known_type{"camembert", train_task::masked, "CamembertForMaskedLM"},
                                 known_type{"distilbert", train_task::masked, "DistilBertForMaskedLM"},
                                 known_type{"t5", train_task::pairs, "T5ForConditionalGeneration"},
                                 known_type{"mt5", train_task::pairs, "MT5ForConditionalGeneration"},
                                 known_type{"marian", train_task::pairs, "MarianMTModel"},
                                 known_type{"transformer", train_task::pairs, ""}};

known_type type_of(json const& settings) {
  auto const at = settings.find("model_type");
  if (at != settings.end() && at->is_string())
    for (known_type const& known : known_types)
      if (known.type == at->get_ref<std::string const&>()) return known;
  return {"", train_task::next_token, ""};
}

// Whether the side of sources has a vocabulary of its own.
bool is_apart(json const& settings, std::string_view type) {
  if (type == "transformer")
    return settings.value("form", "lecture") == "lecture" || !settings.value("shared_embedding", true);
  return type == "marian" && !settings.value("share_encoder_decoder_embeddings", true);
}

void fill(json& settings, char const* key, int value) {
  if (!settings.contains(key) && value > 0) settings[key] = value;
}
void fill(json& settings, char const* key, std::optional<int> id) {
  if (!settings.contains(key) && id) settings[key] = *id;
}

void fill_vocabulary(json& settings, std::string_view type, bool apart, text_ids const& text) {
  if (type == "transformer") {
    fill(settings, "target_vocab", text.vocab);
    fill(settings, "source_vocab", apart ? text.source_vocab : text.vocab);
  } else if (apart) {
    fill(settings, "decoder_vocab_size", text.vocab);
    fill(settings, "vocab_size", text.source_vocab);
  } else {
    fill(settings, "vocab_size", text.vocab);
  }
}

// A target begins with what begins a text, else with padding, as T5's and Marian's do.
void fill_ids(json& settings, train_task task, special_tokens const& roles) {
  if (task == train_task::next_token) return;
  fill(settings, "pad_token_id", roles.pad);
  if (task == train_task::masked) return;
  fill(settings, "bos_token_id", roles.bos);
  fill(settings, "eos_token_id", roles.eos);
  fill(settings, "decoder_start_token_id", roles.bos ? roles.bos : roles.pad);
}

// What a class says of its head: masked tokens, with BertForPreTraining also whether the second text follows.
void add_heads(config& c, std::string const& architecture, std::string const& where) {
  bool const pairs = architecture == "BertForPreTraining";
  if (!pairs && !architecture.ends_with("ForMaskedLM"))
    throw error(where + ": architectures is " + architecture + ", which learns from labels; train has data for the " +
                "classes ForMaskedLM and BertForPreTraining");
  c.head = head_kind::masked_language_model;
  c.tied = true;
  c.pooler = pairs;
  c.classifier = pairs ? classifier_kind::next_sentence : classifier_kind::none;
  c.labels = pairs ? 2 : 0;
}

void require_valid(config const& c, std::string const& where) {
  if (message const misfit = first_misfit(c); !misfit.empty()) throw error(where + ": " + std::string(misfit.view()));
}

// The config.json of a model that has none of its own.
std::string written_config_json(config const& c, std::string const& where) {
  checkpoint source;
  source.path = where;
  source.model = c;
  written_config const written = write_hugging_face_config(source);
  if (written.text.empty()) throw error(where + ": " + written.refusal);
  return written.text;
}

void describe_nanogpt(train_model& out, json settings, train_options const& options, text_ids const& text) {
  fill(settings, "vocab_size", text.vocab);
  fill(settings, "block_size", options.block_size);
  out.described = read_model_args(settings, options.model);
  out.config_json = written_config_json(*out.described, options.model);
}

// nanochat's model_config, as its arithmetic is today. A config.json has no place for it, so its folder has none.
void describe_nanochat(train_model& out, json settings, train_options const& options, text_ids const& text) {
  fill(settings, "vocab_size", text.vocab);
  fill(settings, "sequence_len", options.block_size);
  if (!settings.contains("n_kv_head") && settings.contains("n_head")) settings["n_kv_head"] = settings["n_head"];
  nanochat_sizes const said = read_nanochat_sizes(json_document(settings.dump(), options.model).fields());
  out.described = nanochat_of(said.sizes, nanochat_era::smeared, said.window_pattern);
  out.config_json.clear();
}

void describe_hugging_face(train_model& out, json settings, train_options const& options, text_ids const& text) {
  known_type const type = type_of(settings);
  fill_vocabulary(settings, type.type, out.apart, text);
  fill_ids(settings, type.task, text.roles);
  if (!settings.contains("architectures") && !type.architecture.empty())
    settings["architectures"] = {std::string(type.architecture)};
  out.config_json = settings.dump(2) + "\n";
  hugging_face_config const read = read_hugging_face_config(out.config_json, options.model);
  out.described = read.model;
  if (type.task == train_task::masked) add_heads(*out.described, read.architecture, options.model);
  if (type.task == train_task::pairs) out.decoder_start = read.ids.decoder_start;
}

train_task task_of(config const& c, std::string const& where) {
  if (has_encoder(c)) return train_task::pairs;
  if (c.head == head_kind::language_model) return train_task::next_token;
  if (c.head == head_kind::masked_language_model) return train_task::masked;
  throw error(where + ": the model has no head for tokens, so there is nothing that it could learn to foretell");
}

void read_checkpoint(train_model& out, train_options const& options) {
  out.source = open_checkpoint(options.model, options.open);
  out.described = out.source->model;
  out.task = task_of(*out.described, options.model);
  out.apart = out.described->encoder.vocab > 0;
  if (out.task == train_task::pairs) out.decoder_start = out.source->ids.decoder_start;
  if (out.source->format == checkpoint_format::hugging_face) return;  // its own is copied
  if (nanochat_sizes_of(*out.described) && nanochat_era_of(*out.described) != nanochat_era::plain) return;  // has none
  out.config_json = written_config_json(*out.described, options.model);
}

}  // namespace

bool is_header(fs::path const& path) {
  return path.extension() == ".hpp" || path.extension() == ".h" || path.extension() == ".hh";
}

train_model find_train_model(train_options const& options) {
  train_model out;
  fs::path const path = options.model;
  out.name =
      !options.name.empty()
          ? options.name
          : identifier_from(path.extension() == ".json" || is_header(path) ? path.parent_path() / path.stem() : path);
  if (is_header(path)) {
    std::error_code missing;
    if (!fs::is_regular_file(path, missing)) throw error(options.model + ": is no file");
    out.include = fs::absolute(path);
  } else if (path.extension() == ".json") {
    out.config_json = read_text(path);
    json const settings = parse_json_object(out.config_json, options.model);
    known_type const type = type_of(settings);
    out.task = type.task;
    out.apart = is_apart(settings, type.type);
  } else {
    read_checkpoint(out, options);
  }
  return out;
}

void describe(train_model& model, train_options const& options, text_ids const& text) {
  if (!model.include.empty()) return;
  if (!model.source) {
    json settings = parse_json_object(model.config_json, options.model);
    bool const karpathys = !settings.contains("model_type") && settings.contains("n_layer");
    bool const nanochat = karpathys && (settings.contains("n_kv_head") || settings.contains("sequence_len") ||
                                        settings.contains("window_pattern"));
    if (nanochat)
      describe_nanochat(model, std::move(settings), options, text);
    else if (karpathys)
      describe_nanogpt(model, std::move(settings), options, text);
    else
      describe_hugging_face(model, std::move(settings), options, text);
    require_valid(*model.described, options.model);
  }
  model.described->capacity = model.described->positions;
  model.header = config_header(*model.described, model.name, fs::path(options.model).filename().string());
}

}  // namespace constformer::command
