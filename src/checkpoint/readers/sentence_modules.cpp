#include "sentence_modules.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/error.hpp"
#include "json.hpp"
#include "sentence_keys.hpp"
#include "sentence_transformer.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool is_there(fs::path const& file) {
  std::error_code unreadable;
  return fs::is_regular_file(file, unreadable);
}

json read_modules(fs::path const& file) {
  mapped_file const mapped(file);
  auto const* text = reinterpret_cast<char const*>(mapped.bytes().data());
  auto list = json::parse(text, text + mapped.bytes().size(), nullptr, false);
  if (!list.is_array()) throw error(file.string() + ": is not a JSON array of modules");
  std::size_t index = 0;
  for (json const& module : list) {
    if (!module.is_object()) throw error(file.string() + ": module " + std::to_string(index) + " is not a JSON object");
    ++index;
  }
  return list;
}

json_fields fields_of(json const& module, fs::path const& file, std::size_t index) {
  return {module, file.string() + ": module " + std::to_string(index)};
}

// The class's name in "sentence_transformers.models.Pooling" and its newer paths; the first releases had a class for
// each encoder. Other packages bring code of their own.
std::string kind_of(json_fields const& module) {
  constexpr std::array encoders{"BERT", "RoBERTa", "DistilBERT", "CamemBERT", "XLMRoBERTa"};
  std::string const type = module.text("type");
  std::string const kind = type.substr(type.rfind('.') + 1);
  bool const known = type.starts_with("sentence_transformers.");
  if (!known) return type;
  return std::ranges::find(encoders, kind) == encoders.end() ? kind : "Transformer";
}

// The folder of a module: within the checkpoint's, or itself.
fs::path folder_of(json_fields const& module, fs::path const& folder) {
  fs::path const path = module.text("path", "");
  bool const inside = path.is_relative() && std::ranges::find(path, fs::path("..")) == path.end();
  if (!inside || path.string().find('\0') != std::string::npos)
    module.misfit("path", "it must be a folder within the checkpoint");
  return path.empty() || path == "." ? folder : folder / path;
}

// Older files have a flag for each kind of pooling, newer ones a name or a list of names. In the order in which older
// ones are joined.
struct pooling_name {
  pooling_kind kind;
  char const* name;
  char const* flag;
};

constexpr std::array pooling_names{
    pooling_name{pooling_kind::cls, "cls", "pooling_mode_cls_token"},
    pooling_name{pooling_kind::max, "max", "pooling_mode_max_tokens"},
    pooling_name{pooling_kind::mean, "mean", "pooling_mode_mean_tokens"},
    pooling_name{pooling_kind::mean_sqrt_len, "mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
    pooling_name{pooling_kind::weighted_mean, "weightedmean", "pooling_mode_weightedmean_tokens"},
    pooling_name{pooling_kind::last, "lasttoken", "pooling_mode_lasttoken"},
};

pooling_kind pooling_called(json_fields const& fields, json const& name) {
  for (pooling_name const& known : pooling_names)
    if (name == known.name) return known.kind;
  fields.misfit("pooling_mode", "supported are cls, max, mean, mean_sqrt_len_tokens, weightedmean and lasttoken");
}

std::vector<pooling_kind> poolings_of(json_fields const& fields) {
  std::vector<pooling_kind> out;
  if (json const* const mode = fields.find("pooling_mode")) {
    if (!mode->is_array()) return {pooling_called(fields, *mode)};
    for (json const& name : *mode) out.push_back(pooling_called(fields, name));
    if (out.empty()) fields.misfit("pooling_mode", "it names no pooling");
    return out;
  }
  for (pooling_name const& known : pooling_names)
    if (fields.flag(known.flag, false)) out.push_back(known.kind);
  if (out.empty()) out.push_back(pooling_kind::mean);
  return out;
}

// "torch.nn.modules.activation.Tanh", "torch.nn.Tanh"; without one it is tanh.
dense_activation activation_of(json_fields const& fields) {
  if (!fields.names("activation_function")) return dense_activation::tanh;
  std::string const path = fields.text("activation_function");
  auto const found = kind_from<dense_activation>(path.substr(path.rfind('.') + 1));
  if (found && path.starts_with("torch.nn.")) return *found;
  std::string known;
  for (auto const& [value, name] : detail::dense_activation_names)
    known += (known.empty() ? "" : ", ") + std::string(name);
  fields.misfit("activation_function", "supported are torch.nn's " + known);
}

// The tensors of a module's folder, each of which must be asked for.
class module_weights {
 public:
  explicit module_weights(fs::path const& folder) : folder_(folder) {
    content_ = read_weights_folder(folder, files_, made_);
  }

  void append(std::string_view name, std::vector<std::int64_t> const& shape, std::vector<float>& out) {
    auto const place = std::ranges::find(content_.tensors, name, &tensor_view::name);
    if (place == content_.tensors.end()) throw error(folder_.string() + ": has no tensor " + std::string(name));
    if (place->shape != shape)
      throw error(folder_.string() + ": tensor " + std::string(name) + " is " + shape_text(place->shape) +
                  ", its config.json asks for " + shape_text(shape));
    auto const [rows, columns] = matrix_of(*place);
    std::size_t const begin = out.size();
    out.resize(begin + static_cast<std::size_t>(rows * columns));
    read_rows_f32(*place, 0, rows, std::span(out).subspan(begin));
    content_.tensors.erase(place);
  }

  void require_all_read() const {
    if (!content_.tensors.empty())
      throw error(folder_.string() + ": has a tensor " + content_.tensors.front().name + " that its module does not");
    if (!content_.unread.empty())
      throw error(folder_.string() + ": tensor " + content_.unread.front().name + " is " +
                  content_.unread.front().type + ", only F32, F16 and BF16 are read");
  }

 private:
  fs::path folder_;
  std::vector<mapped_file> files_;
  made_bytes made_;
  safetensors_content content_;
};

// Takes the modules one by one and knows what the last one gives: rows of `width_` values for each token, or one row.
class module_reader {
 public:
  module_reader(fs::path folder, config const& model, sentence_modules& out)
      : folder_(std::move(folder)), model_(model), out_(out), width_(model.d_model) {}

  void take(json_fields const& module, bool first) {
    std::string const kind = kind_of(module);
    if (first != (kind == "Transformer"))
      module.misfit("type", first ? "the first module must be a Transformer"
                                  : "supported behind the Transformer are Pooling, Dense, LayerNorm, Dropout and "
                                    "Normalize");
    fs::path const at = folder_of(module, folder_);
    if (kind == "Transformer") return take_transformer(at);
    if (kind == "Pooling") return take_pooling(module, settings_of(at));
    if (kind == "Dense") return take_dense(at, settings_of(at));
    if (kind == "LayerNorm") return take_layer_norm(at, settings_of(at));
    if (kind == "Normalize") return take_normalize(at);
    if (kind != "Dropout")
      module.misfit("type", "supported are Transformer, Pooling, Dense, LayerNorm, Dropout and Normalize");
  }

  // Without a module that pools there is one row for each token.
  void finish() {
    if (!pooled_ && !scores_) out_.recipe.steps.push_back({.poolings = {pooling_kind::none}});
    if (scores_) out_.recipe.steps = pooled_by(pooling_kind::mean).steps;
  }

 private:
  json_fields settings_of(fs::path const& at) {
    settings_.push_back(std::make_unique<json_document>(at / "config.json"));
    return settings_.back()->fields();
  }

  void take_transformer(fs::path const& at) {
    auto const settings = read_sentence_transformer(at, model_);
    out_.max_sequence = settings.max_sequence;
    out_.lower_case = settings.lower_case;
    out_.recipe.cut_left = settings.cut_left;
    scores_ = settings.scores;
  }

  void take_pooling(json_fields const& module, json_fields const& settings) {
    refuse_unknown(settings, sentence_file::pooling);
    if (pooled_) throw error(module.where() + ": is a second module that pools");
    pooled_ = true;
    out_.recipe.steps.push_back(
        {.poolings = poolings_of(settings), .include_prompt = settings.flag("include_prompt", true)});
    width_ *= static_cast<int>(out_.recipe.steps.back().poolings.size());
  }

  // Whether a module's rows are those of the tokens.
  bool reads_tokens(json_fields const& settings) const {
    std::string const input = settings.text("module_input_name", "sentence_embedding");
    if (input != "token_embeddings" && input != "sentence_embedding")
      settings.misfit("module_input_name", "supported are token_embeddings and sentence_embedding");
    if (settings.text("module_output_name", input) != input)
      settings.misfit("module_output_name", "supported is only what module_input_name says, " + input);
    return input == "token_embeddings";
  }

  void require_width(json_fields const& settings, char const* field, int width) const {
    if (width != width_) settings.misfit(field, "what stands before it gives " + std::to_string(width_) + " values");
  }

  std::int64_t offset() const { return static_cast<std::int64_t>(out_.weights.size() * sizeof(float)); }

  void take_dense(fs::path const& at, json_fields const& settings) {
    refuse_unknown(settings, sentence_file::dense);
    embedding_step step{.kind = embedding_step_kind::dense, .of_tokens = reads_tokens(settings)};
    if (step.of_tokens && pooled_) return;  // nothing looks at them any more
    if (!step.of_tokens && !pooled_) settings.misfit("module_input_name", "nothing before it pools");
    step.inputs = settings.extent("in_features");
    step.outputs = settings.extent("out_features");
    require_width(settings, "in_features", step.inputs);
    step.activation = activation_of(settings);
    step.bias = settings.flag("bias", true);
    step.residual = settings.flag("use_residual", false);
    step.offset = offset();
    module_weights weights(at);
    weights.append("linear.weight", {step.outputs, step.inputs}, out_.weights);
    if (step.bias) weights.append("linear.bias", {step.outputs}, out_.weights);
    if (step.residual && step.inputs != step.outputs)
      weights.append("residual.weight", {step.outputs, step.inputs}, out_.weights);
    weights.require_all_read();
    width_ = step.outputs;
    out_.recipe.steps.push_back(step);
  }

  void take_layer_norm(fs::path const& at, json_fields const& settings) {
    refuse_unknown(settings, sentence_file::layer_norm);
    if (!pooled_) throw error(settings.where() + ": is of a LayerNorm, which needs a module before it that pools");
    embedding_step const step{
        .kind = embedding_step_kind::layer_norm, .inputs = settings.extent("dimension"), .offset = offset()};
    require_width(settings, "dimension", step.inputs);
    module_weights weights(at);
    weights.append("norm.weight", {step.inputs}, out_.weights);
    weights.append("norm.bias", {step.inputs}, out_.weights);
    weights.require_all_read();
    out_.recipe.steps.push_back(step);
  }

  // Its older layout has no config. What is not there to be normalised is passed over, as in the library.
  void take_normalize(fs::path const& at) {
    bool const of_tokens = is_there(at / "config.json") && reads_tokens(settings_of(at));
    if (of_tokens != pooled_)
      out_.recipe.steps.push_back({.kind = embedding_step_kind::normalize, .of_tokens = of_tokens});
  }

  fs::path folder_;
  config const& model_;
  sentence_modules& out_;
  int width_;
  bool pooled_ = false;
  bool scores_ = false;
  std::vector<std::unique_ptr<json_document>> settings_;
};

void take_prompts(json_fields const& settings, embedding_recipe& out) {
  if (settings.has("prompts")) {
    json_fields const prompts = settings.object("prompts");
    for (std::string const& name : prompts.all()) out.prompts.push_back({name, prompts.text(name, "")});
  }
  if (!settings.has("default_prompt_name")) return;
  out.default_prompt = settings.text("default_prompt_name");
  if (std::ranges::find(out.prompts, *out.default_prompt, &embedding_prompt::name) == out.prompts.end())
    settings.misfit("default_prompt_name", "field \"prompts\" has none of that name");
}

void take_model_config(fs::path const& file, embedding_recipe& out) {
  if (!is_there(file)) return;
  json_document const document(file);
  json_fields const settings = document.fields();
  std::string const type = settings.text("model_type", "SentenceTransformer");
  if (type != "SentenceTransformer" && type != "CrossEncoder")
    settings.misfit("model_type", "supported are SentenceTransformer and CrossEncoder");
  take_prompts(settings, out);
  out.dimensions = settings.extent("truncate_dim", 0);
}

// The pooling of the library for a folder that names none: the last token of what was made to foretell the next one.
pooling_kind usual_pooling(fs::path const& folder, config const& model) {
  if (model.mask == mask_kind::bidirectional || !is_there(folder / "config.json")) return pooling_kind::mean;
  json_document const document(folder / "config.json");
  json_fields const settings = document.fields();
  if (!settings.has("architectures")) return pooling_kind::mean;
  auto const names = settings.texts("architectures");
  return !names.empty() && names.front().ends_with("ForCausalLM") ? pooling_kind::last : pooling_kind::mean;
}

}  // namespace

void refuse_unknown(json_fields const& fields, sentence_file file) {
  for (std::string const& name : fields.all()) {
    auto const known = [&](sentence_key const& key) { return key.file == file && key.name == name; };
    if (std::ranges::none_of(sentence_keys, known)) fields.misfit(name, "this field is not known there");
  }
}

fs::path transformer_folder(fs::path const& folder) {
  fs::path const file = folder / "modules.json";
  if (!is_there(file)) return folder;
  json const modules = read_modules(file);
  for (std::size_t i = 0; i < modules.size(); ++i)
    if (auto const module = fields_of(modules[i], file, i); kind_of(module) == "Transformer")
      return folder_of(module, folder);
  return folder;
}

sentence_modules read_sentence_modules(fs::path const& folder, config const& model) {
  sentence_modules out;
  fs::path const file = folder / "modules.json";
  if (!is_there(file)) {
    out.recipe = pooled_by(usual_pooling(folder, model));
    return out;
  }
  json const modules = read_modules(file);
  module_reader reader(folder, model, out);
  for (std::size_t i = 0; i < modules.size(); ++i) reader.take(fields_of(modules[i], file, i), i == 0);
  if (modules.empty()) throw error(file.string() + ": names no module");
  reader.finish();
  take_model_config(folder / "config_sentence_transformers.json", out.recipe);
  return out;
}

sentence_modules modules_of(checkpoint const& source, config const& model) {
  sentence_modules out;
  if (source.pooling) out.recipe = pooled_by(*source.pooling);
  if (source.format != checkpoint_format::hugging_face || has_encoder(model)) return out;
  return read_sentence_modules(source.root, model);
}

std::vector<fs::path> module_files(fs::path const& folder) {
  std::vector<fs::path> out;
  fs::path const file = folder / "modules.json";
  if (!is_there(file)) return out;
  json const modules = read_modules(file);
  for (std::size_t i = 0; i < modules.size(); ++i) {
    auto const module = fields_of(modules[i], file, i);
    if (kind_of(module) == "Transformer") continue;
    for (char const* const name : {"config.json", "model.safetensors", "pytorch_model.bin"})
      if (fs::path const at = folder_of(module, folder) / name; at.parent_path() != folder && is_there(at))
        out.push_back(at.lexically_relative(folder));
  }
  return out;
}

}  // namespace constformer
