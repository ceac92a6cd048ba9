#include "constformer/checkpoint/open.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "constformer/checkpoint/ctranslate2.hpp"
#include "constformer/checkpoint/gguf.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/checkpoint/llama2c.hpp"
#include "constformer/checkpoint/manifest.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "constformer/kernels/sinusoid.hpp"
#include "constformer/models/name_map.hpp"
#include "constformer/models/names.hpp"
#include "constformer/text/load.hpp"
#include "config_keys.hpp"
#include "ctranslate2_variables.hpp"
#include "describe.hpp"
#include "json.hpp"
#include "missing_data.hpp"
#include "vocabulary_list.hpp"
#include "encoder_heads.hpp"
#include "foreign.hpp"
#include "gguf_model.hpp"
#include "gguf_sampling.hpp"
#include "sentence_modules.hpp"
#include "torch.hpp"
#include "tensor_names.hpp"
#include "torch_model.hpp"
#include "usual_prefix.hpp"
#include "wider.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

// The checkpoint's name, without a prefix, of a parameter of `model`; empty if its family has none.
std::string tensor_name(config const& model, std::string_view parameter) {
  name_rule const* const rule = rule_for(names_of(model), parameter);
  return rule == nullptr ? std::string() : std::string(tensor_of(*rule, parameter).view());
}

// The same of a parameter of the decoder, if there are two sides.
std::string decoder_tensor_name(config const& model, std::string const& parameter) {
  return tensor_name(model, has_encoder(model) ? "decoder." + parameter : parameter);
}

// Saved buffers and heads for training: they are in real files and change nothing that these models compute here.
bool never_read(config const& model, std::string_view name) {
  if (is_of_absent_head(model, name)) return true;
  std::string_view const prefix = usual_prefix(model.family);
  std::string_view const bare = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
  auto const& patterns = names_of(model).ignored;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](std::string_view pattern) { return matches(bare, pattern); });
}

template <class Tensor>
bool by_name(Tensor const& a, Tensor const& b) {
  return a.name < b.name;
}

unread_tensor as_unread(tensor_view const& tensor) {
  std::string type(name_of(tensor.type));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return {tensor.name, type, tensor.shape, static_cast<std::int64_t>(tensor.bytes.size())};
}

// Names tell whose quantised matrices, adapters or flattened parameters a file holds. A matrix of F8 that has scales is
// one of them.
void refuse_quantised(checkpoint const& out, safetensors_content const& content) {
  auto const refuse = [&](auto const& tensor) {
    bool const told =
        tensor.name.find(".lora_") != std::string::npos || tensor.name.find("_flat_param") != std::string::npos;
    if (content.unread.empty() && !told) return;
    if (auto const what = what_tensor_is_of(tensor.name); !what.empty())
      throw error(out.path.string() + ": " + tensor.name + " is part of " + what);
  };
  for (tensor_view const& tensor : content.tensors) refuse(tensor);
  for (unread_tensor const& tensor : content.unread) refuse(tensor);
}

// Moves what the family never reads to `unread`; everything else must be of a type that can be read.
void sort_out(checkpoint& out, safetensors_content content) {
  refuse_quantised(out, content);
  for (tensor_view& tensor : content.tensors) {
    if (never_read(out.model, tensor.name))
      out.unread.push_back(as_unread(tensor));
    else
      out.tensors.push_back(std::move(tensor));
  }
  for (unread_tensor& tensor : content.unread) {
    if (auto const type = wider_type(tensor.type); type && !never_read(out.model, tensor.name)) {
      out.made.push_back(widened(tensor.type, tensor.values));
      out.tensors.push_back({std::move(tensor.name), *type, std::move(tensor.shape), out.made.back()});
      continue;
    }
    if (!never_read(out.model, tensor.name))
      throw error(out.path.string() + ": " + tensor.name + " is " + tensor.type + ", only F32, F16 and BF16 are read");
    out.unread.push_back(std::move(tensor));
  }
  std::sort(out.tensors.begin(), out.tensors.end(), by_name<tensor_view>);
  std::sort(out.unread.begin(), out.unread.end(), by_name<unread_tensor>);
}

// The first BERT checkpoints have TensorFlow's names of the norms' parameters.
void rename_first_norms(checkpoint& out) {
  for (tensor_view& tensor : out.tensors) {
    if (tensor.name.ends_with(".LayerNorm.gamma")) tensor.name.replace(tensor.name.size() - 5, 5, "weight");
    if (tensor.name.ends_with(".LayerNorm.beta")) tensor.name.replace(tensor.name.size() - 4, 4, "bias");
  }
  std::sort(out.tensors.begin(), out.tensors.end(), by_name<tensor_view>);
  auto const twice = std::adjacent_find(out.tensors.begin(), out.tensors.end(),
                                        [](tensor_view const& a, tensor_view const& b) { return a.name == b.name; });
  if (twice != out.tensors.end()) throw error(out.path.string() + ": holds " + twice->name + " under two names");
}

template <class Tensors>
bool has_tensor(Tensors const& tensors, std::string_view name) {
  return std::any_of(tensors.begin(), tensors.end(), [&](auto const& t) { return t.name == name; });
}

std::string prefix_of(config const& model, std::vector<tensor_view> const& tensors) {
  std::string prefix(usual_prefix(model.family));
  std::string const embedding = decoder_tensor_name(model, "tokens.weight");
  bool const bare = !has_tensor(tensors, prefix + embedding) && has_tensor(tensors, embedding);
  return bare ? std::string() : prefix;
}

// The bias of a masked language model's head is saved under two names. Where they are two, transformers adds the
// decoder's.
void settle_head_bias(std::vector<tensor_view>& tensors) {
  for (std::string const head : {"cls.predictions.", "lm_head."}) {
    auto const find = [&](std::string const& name) {
      return std::find_if(tensors.begin(), tensors.end(), [&](tensor_view const& t) { return t.name == name; });
    };
    auto const decoder = find(head + "decoder.bias");
    auto const bias = find(head + "bias");
    if (decoder == tensors.end() || (bias != tensors.end() && std::ranges::equal(bias->bytes, decoder->bytes)))
      continue;
    if (bias != tensors.end())
      bias->name.swap(decoder->name);
    else
      decoder->name = head + "bias";
  }
}

void find_heads(checkpoint& out, hugging_face_config const& described, std::vector<tensor_view> const& tensors) {
  auto const rows = [&](std::string const& name) -> long long {
    auto const place =
        std::find_if(tensors.begin(), tensors.end(), [&](tensor_view const& t) { return t.name == name; });
    return place == tensors.end() || place->shape.empty() ? 0 : place->shape.front();
  };
  find_encoder_heads(out.model, described.architecture, out.prefix, rows, (out.path / "config.json").string());
  if (out.model.head == head_kind::masked_language_model) out.model.tied = described.ties_head;
}

// Published GPT-NeoX files call the head embed_out; transformers 5 writes lm_head.
void rename_embed_out(checkpoint& out) {
  for (tensor_view& tensor : out.tensors)
    if (tensor.name == "embed_out.weight" && out.find("lm_head.weight") == nullptr) tensor.name = "lm_head.weight";
  std::sort(out.tensors.begin(), out.tensors.end(), by_name<tensor_view>);
}

void move_to_unread(checkpoint& out, std::string_view name) {
  auto const place =
      std::find_if(out.tensors.begin(), out.tensors.end(), [&](tensor_view const& t) { return t.name == name; });
  out.unread.push_back(as_unread(*place));
  out.tensors.erase(place);
  std::sort(out.unread.begin(), out.unread.end(), by_name<unread_tensor>);
}

// A tied checkpoint may hold the one matrix under either name, or twice. If the two differ they are two, whatever
// config.json says: transformers 5 decides so too.
void settle_head(checkpoint& out) {
  if (!out.model.tied) return;
  std::string const embedding = out.prefix + decoder_tensor_name(out.model, "tokens.weight");
  std::string const head_name = decoder_tensor_name(out.model, "head.weight");
  tensor_view const* const head = out.find(head_name);
  tensor_view const* const table = out.find(embedding);
  if (head == nullptr) return;
  if (table == nullptr) {
    auto const place =
        std::find_if(out.tensors.begin(), out.tensors.end(), [&](tensor_view const& t) { return &t == head; });
    place->name = embedding;
    std::sort(out.tensors.begin(), out.tensors.end(), by_name<tensor_view>);
    return;
  }
  bool const same =
      head->type == table->type && head->shape == table->shape && std::ranges::equal(head->bytes, table->bytes);
  if (same)
    move_to_unread(out, head_name);
  else
    out.model.tied = false;
}

// nanoGPT and its kin store GPT-2's linear layers as [out, in]; c_attn tells, its two extents differ.
bool stored_in_out(checkpoint const& c) {
  if (c.model.family != family_kind::gpt2) return false;
  tensor_view const* const qkv = c.find(c.prefix + "h.0.attn.c_attn.weight");
  return qkv == nullptr || qkv->shape.size() != 2 || qkv->shape[0] != 3 * std::int64_t{c.model.d_model};
}

std::string_view text_of(mapped_file const& file) {
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

tensor_view* find_in(std::vector<tensor_view>& tensors, std::string_view name) {
  auto const place = std::find_if(tensors.begin(), tensors.end(), [&](tensor_view const& t) { return t.name == name; });
  return place == tensors.end() ? nullptr : &*place;
}

// The one embedding of both sides is saved under any of three names; the bias of logits is a matrix of one row.
void settle_marian(checkpoint& out, std::vector<tensor_view>& tensors) {
  if (out.model.encoder.vocab == 0 && find_in(tensors, out.prefix + "shared.weight") == nullptr)
    for (char const* const copy : {"decoder.embed_tokens.weight", "encoder.embed_tokens.weight"})
      if (tensor_view* const found = find_in(tensors, out.prefix + copy)) {
        found->name = out.prefix + "shared.weight";
        break;
      }
  tensor_view* const bias = find_in(tensors, "final_logits_bias");
  out.model.bias_head = bias != nullptr;
  if (bias != nullptr && bias->shape.size() == 2 && bias->shape[0] == 1) bias->shape.erase(bias->shape.begin());
}

// Whether a saved table of positions is what the model would compute.
bool is_computed(tensor_view const& table, config const& model) {
  std::vector<float> saved(static_cast<std::size_t>(model.d_model)), computed(saved.size());
  for (std::int64_t row = 0; row < table.shape[0]; ++row) {
    read_rows_f32(table, row, 1, saved);
    sinusoid_row(model.position, static_cast<int>(row), computed);
    for (std::size_t i = 0; i < saved.size(); ++i)
      if (!(std::abs(saved[i] - computed[i]) < 1e-4F)) return false;
  }
  return true;
}

// The lecture code's norms have alpha for weight, and its positions are saved beside the parameters, as one sequence. A
// table that is not the formula's is taken as it is.
void settle_lecture(config& model, std::vector<tensor_view>& tensors) {
  for (tensor_view& tensor : tensors)
    if (tensor.name.ends_with(".alpha")) tensor.name.replace(tensor.name.size() - 5, 5, "weight");
  bool computed = true;
  std::int64_t rows = model.positions;
  for (char const* const name : {"encoder.pe.pe", "decoder.pe.pe"}) {
    tensor_view* const table = find_in(tensors, name);
    if (table == nullptr) return;
    if (table->shape.size() == 3 && table->shape[0] == 1) table->shape.erase(table->shape.begin());
    if (table->shape.size() != 2 || table->shape[1] != model.d_model || table->shape[0] > detail::largest_extent)
      return;
    computed = computed && is_computed(*table, model);
    rows = std::min(rows, table->shape[0]);
  }
  if (computed) return;
  model.position = position_kind::learned;
  model.positions = model.capacity = static_cast<int>(rows);
}

// A decoder that was saved as a bare stack, to embed texts, has no head.
void settle_bare_stack(config& model, std::string_view architecture, std::vector<tensor_view>& tensors) {
  bool const whole = has_encoder(model) || model.head != head_kind::language_model || model.tied;
  if (whole || !architecture.ends_with("Model")) return;
  std::string const head = tensor_name(model, "head.weight");  // ChatGLM has its prefix before it, too
  for (std::string const& name :
       {head, std::string(usual_prefix(model.family)) + head, std::string("embed_out.weight")})
    if (find_in(tensors, name) != nullptr) return;
  model.head = head_kind::none;
  model.bias_head = false;
  model.logit_scale = 1;
  model.logit_softcap = 0;
}

// What tensors and config.json say together; `where` names the latter.
void settle_hugging_face(checkpoint& out, std::string_view config_json, std::string const& where,
                         safetensors_content content) {
  auto const described = read_hugging_face_config(config_json, where);
  out.format = checkpoint_format::hugging_face;
  out.model = described.model;
  out.ids = described.ids;
  out.labels = described.labels;
  out.generation = described.generation;
  out.unread_keys = described.unread;
  out.stored = content.tensors;
  settle_names(content, usual_prefix(out.model.family), decoder_tensor_name(out.model, "tokens.weight"));
  out.prefix = prefix_of(out.model, content.tensors);
  if (is_encoder_family(out.model.family)) {
    settle_head_bias(content.tensors);
    find_heads(out, described, content.tensors);
  }
  if (out.model.family == family_kind::marian) settle_marian(out, content.tensors);
  if (out.model.family == family_kind::lecture) settle_lecture(out.model, content.tensors);
  settle_bare_stack(out.model, described.architecture, content.tensors);
  sort_out(out, std::move(content));
  std::sort(out.tensors.begin(), out.tensors.end(), by_name<tensor_view>);
  if (is_encoder_family(out.model.family)) rename_first_norms(out);
  if (out.model.family == family_kind::gpt_neox) rename_embed_out(out);
  settle_head(out);
  out.linear_in_out = stored_in_out(out);
}

void open_hugging_face(checkpoint& out, bool shapes_only) {
  fs::path const config_path = out.path / "config.json";
  std::error_code missing;
  if (!fs::exists(fs::symlink_status(config_path, missing)))
    if (auto const what = what_folder_holds(out.path); !what.empty()) throw error(out.path.string() + ": " + what);
  mapped_file const config_file(config_path);
  // Before the weights are opened: what is no model is said first.
  static_cast<void>(read_hugging_face_config(text_of(config_file), config_path.string()));
  settle_hugging_face(out, text_of(config_file), config_path.string(),
                      read_weights_folder(out.path, out.files, out.made, shapes_only));
  fs::path const generation_path = out.path / "generation_config.json";
  std::error_code unreadable;
  if (fs::exists(generation_path, unreadable)) {
    mapped_file const generation_file(generation_path);
    overrule_generation(out.ids, out.generation, text_of(generation_file), generation_path.string(), out.model);
  }
  out.tokenizer = find_tokenizer_files(out.path);
}

// The eps of norms that config.json tells, or 0; the tokens that begin and end a target, by name.
struct ctranslate2_settings {
  float norm_eps = 0;
  std::string begin = "<s>", end = "</s>";
  std::vector<unread_key> unread;
};

ctranslate2_settings ctranslate2_settings_of(fs::path const& folder, ctranslate2_content const& content) {
  ctranslate2_settings out;
  if (content.spec.starts_with("TransformerDecoder")) out.begin = out.end = "";
  auto const text = [&](char const* name, std::string& into) {
    if (auto const found = content.texts.find(name); found != content.texts.end()) into = found->second;
  };
  text("bos_token", out.begin);
  text("eos_token", out.end);
  auto const flag = content.attributes.find("with_target_bos");
  if (flag != content.attributes.end() && flag->second == 0) out.begin = out.end;
  std::error_code unreadable;
  if (!fs::is_regular_file(folder / "config.json", unreadable)) return out;
  json_document const document(folder / "config.json");
  key_log log;
  json_fields const fields = document.fields(&log);
  refuse_other_values(fields, "ctranslate2");
  out.norm_eps = fields.real("layer_norm_epsilon", 0.0F, 0.0F);
  out.end = fields.text("eos_token", out.end);
  out.begin = fields.text("decoder_start_token", fields.text("bos_token", out.begin));
  out.unread = unread_keys(fields, "ctranslate2");
  return out;
}

// What model.bin leaves open.
void assume_for_ctranslate2(checkpoint& out, ctranslate2_content const& content) {
  if (!has_encoder(out.model) && out.model.position == position_kind::rotary &&
      out.model.positions == ctranslate2_positions)
    out.assumed.push_back({"positions", std::to_string(out.model.positions), "model.bin has no longest context"});
  auto const scaling = content.attributes.find("decoder.layer_0.self_attention.rotary_scaling_type");
  if (scaling != content.attributes.end() && scaling->second >= 0 && out.model.rope.scaling == rope_scaling_kind::none)
    out.assumed.push_back({"rope.scaling", "none",
                           "model.bin has a rotary_scaling_type and no factor, with which "
                           "CTranslate2 keeps the frequencies"});
}

// model.bin of CTranslate2, with the vocabularies beside it.
void open_ctranslate2(checkpoint& out) {
  fs::path const file = out.path / "model.bin";
  out.files.emplace_back(file);
  ctranslate2_content content = read_ctranslate2(out.files.back().bytes(), file.string());
  auto const settings = ctranslate2_settings_of(out.path, content);
  out.format = checkpoint_format::ctranslate2;
  out.model = ctranslate2_config(content, settings.norm_eps, file.string());
  bool const two_sides = has_encoder(out.model);
  vocabulary_list const target = two_sides ? read_vocabulary_list(out.path, "target_vocabulary", out.model.vocab)
                                           : read_vocabulary_list(out.path, "vocabulary", out.model.vocab);
  if (two_sides) static_cast<void>(read_vocabulary_list(out.path, "source_vocabulary", source_vocab(out.model)));
  out.unread_keys = settings.unread;
  out.ids.bos = target.id_of(settings.begin);
  if (two_sides) out.ids.decoder_start = out.ids.bos;
  if (auto const end = target.id_of(settings.end)) out.ids.eos = {*end};
  assume_for_ctranslate2(out, content);
  if (!two_sides) out.tokenizer = find_tokenizer_files(out.path);
  out.made = std::move(content.made);
  // Copies of what is shared or tied are not read.
  for (tensor_view& tensor : content.tensors) {
    bool const copy = (out.model.tied && tensor.name == "decoder.projection.weight") ||
                      (out.model.encoder.vocab == 0 && tensor.name == "encoder.embeddings.weight");
    if (copy || is_ctranslate2_setting(tensor.name))
      out.unread.push_back(as_unread(tensor));
    else
      out.tensors.push_back(std::move(tensor));
  }
}

// run.c ends a text when the model samples BOS (1) and knows no other end.
void open_llama2c(checkpoint& out) {
  llama2c_content content = read_llama2c(out.files.back().bytes(), out.path.string());
  out.format = content.format;
  out.model = content.model;
  out.tensors = std::move(content.tensors);
  out.prefix = "model.";
  if (out.model.vocab > 1) {
    out.ids.bos = 1;
    out.ids.eos = {1};
  }
  // A tokenizer.bin that lies beside is not taken: it states no vocabulary size, so a wrong one would go unnoticed.
}

void open_torch(checkpoint& out, open_options const& options) {
  torch_file const file(out.files.back().bytes(), out.path.string());
  torch_model read = read_torch_model(file, out.path, options, out.made);
  out.format = read.format;
  out.model = read.model;
  out.ids = std::move(read.ids);
  out.assumed = std::move(read.assumed);
  out.unread_keys = std::move(read.unread);
  out.prefix = prefix_of(out.model, read.content.tensors);
  sort_out(out, std::move(read.content));
  settle_head(out);
  out.linear_in_out = stored_in_out(out);
  out.tokenizer = std::move(read.tokenizer);
}

// What the files say themselves is not to be overruled: a checkpoint run with other arithmetic gives other numbers.
void refuse_options(open_options const& options, std::string const& path) {
  if (options.heads != 0) throw error(path + ": --heads is for a bare state_dict, this checkpoint says its own");
  if (options.softcap) throw error(path + ": --softcap is for nanochat's own files, this checkpoint says its own");
  if (options.activation) throw error(path + ": --activation is for nanoGPT and its kin, this checkpoint says its own");
}

// Two names for one tensor would be found by neither; llama.cpp's converter gives none.
void require_names_once(checkpoint const& out) {
  auto const twice = std::ranges::adjacent_find(out.tensors, {}, &tensor_view::name);
  if (twice != out.tensors.end()) throw error(out.path.string() + ": holds " + twice->name + " under two names");
}

// What stands before the data of a GGUF file must be there, or zeros would have been read for it.
void require_header(gguf_file const& file, std::span<std::byte const> mapped, fs::path const& path) {
  auto const there = fs::file_size(path);
  if (file.tensors.empty()) return;
  auto const begin = static_cast<std::size_t>(file.tensors.front().bytes.data() - mapped.data());
  if (begin > there)
    throw error(path.string() + ": ends at byte " + std::to_string(there) + ", its data begins at byte " +
                std::to_string(begin));
}

void open_gguf(checkpoint& out, bool shapes_only) {
  gguf_file file = read_gguf(out.files.back().bytes(), out.path.string());
  if (auto const what = what_gguf_is(file); !what.empty()) throw error(out.path.string() + ": " + what);
  if (shapes_only) {
    require_header(file, out.files.back().bytes(), out.path);
    // Factors of frequencies change no shape, and zeros are none.
    std::erase_if(file.tensors, [](gguf_tensor const& t) { return t.name.starts_with("rope_"); });
  }
  gguf_model content = read_gguf_model(file);
  out.format = checkpoint_format::gguf;
  out.model = content.model;
  out.ids = content.ids;
  out.pooling = content.pooling;
  if (out.model.head == head_kind::language_model) out.generation = read_gguf_sampling(file);
  out.unread_keys = std::move(content.unread);
  out.tensors = std::move(content.tensors);
  require_names_once(out);
  out.prefix = usual_prefix(out.model.family);
  settle_head(out);
  if (file.find("tokenizer.ggml.tokens") != nullptr) out.tokenizer.given = out.path;
}

void open_file(checkpoint& out, open_options const& options) {
  out.files.push_back(options.shapes_only ? map_without_data(out.path) : mapped_file(out.path));
  if (is_torch(out.files.back().bytes())) {
    open_torch(out, options);
    return;
  }
  refuse_options(options, out.path.string());
  if (is_gguf(out.files.back().bytes())) return open_gguf(out, options.shapes_only);
  if (auto const what = what_file_is(out.files.back().bytes()); !what.empty())
    throw error(out.path.string() + ": " + what);
  open_llama2c(out);
}

void take_given_tokenizer(checkpoint& out, fs::path const& given) {
  if (given.empty()) return;
  std::error_code unreadable;
  if (!fs::exists(given, unreadable)) throw error(given.string() + ": no such tokenizer");
  out.tokenizer = fs::is_directory(given, unreadable) ? find_tokenizer_files(given) : tokenizer_files{};
  out.tokenizer.given = given;
}

}  // namespace

std::string_view name_of(checkpoint_format format) {
  switch (format) {
    case checkpoint_format::hugging_face: return "Hugging Face folder";
    case checkpoint_format::llama2c_v0: return "llama2.c v0";
    case checkpoint_format::llama2c_v1: return "llama2.c v1";
    case checkpoint_format::llama2c_v2: return "llama2.c v2";
    case checkpoint_format::nanogpt: return "nanoGPT checkpoint";
    case checkpoint_format::nanochat: return "nanochat checkpoint";
    case checkpoint_format::gpt_state: return "state_dict of a GPT";
    case checkpoint_format::ctranslate2: return "CTranslate2 folder";
    case checkpoint_format::gguf: return "GGUF";
    case checkpoint_format::traced: return "folder of a model of one's own";
  }
  return "?";
}

tensor_view const* checkpoint::find(std::string_view name) const {
  auto const place =
      std::lower_bound(tensors.begin(), tensors.end(), name,
                       [](tensor_view const& tensor, std::string_view wanted) { return tensor.name < wanted; });
  return place != tensors.end() && place->name == name ? &*place : nullptr;
}

checkpoint describe_checkpoint(std::string_view config_json, std::string const& where,
                               std::vector<tensor_view> tensors) {
  checkpoint out;
  out.path = out.root = where;
  settle_hugging_face(out, config_json, where + ": config.json", {.tensors = std::move(tensors), .unread = {}});
  return out;
}

checkpoint describe_header(fs::path const& file) {
  checkpoint out;
  out.path = file;
  out.files.push_back(map_without_data(file));
  out.tensors = read_safetensors(out.files.back().bytes(), file.string()).tensors;
  for (auto const& [family, name] : detail::family_names) {
    std::string_view const usual = usual_prefix(family);
    auto const begins = [&](tensor_view const& tensor) { return tensor.name.starts_with(usual); };
    if (usual.size() > out.prefix.size() && std::ranges::any_of(out.tensors, begins)) out.prefix = usual;
  }
  tensor_view const* const qkv = out.find(out.prefix + "h.0.attn.c_attn.weight");
  out.linear_in_out = qkv == nullptr || qkv->shape.size() != 2 || qkv->shape[0] != 3 * qkv->shape[1];
  return out;
}

checkpoint open_checkpoint(fs::path const& path, open_options const& options) {
  checkpoint out;
  out.path = out.root = path;
  std::error_code unreadable;
  if (auto const model = nanochat_model_in(path); !model.empty()) {
    out.path = model;
    open_file(out, options);
    if (has_tokenizer_source(path)) {
      out.tokenizer = find_tokenizer_files(path);
      out.tokenizer.given = path;  // which may hold a chat template, too
    }
  } else if (fs::is_directory(path, unreadable)) {
    out.path = transformer_folder(path);
    refuse_options(options, path.string());
    if (fs::is_regular_file(out.path / "model.bin", unreadable) &&
        !is_torch(mapped_file(out.path / "model.bin").bytes()))
      open_ctranslate2(out);
    else
      open_hugging_face(out, options.shapes_only);
  } else {
    open_file(out, options);
  }
  take_given_tokenizer(out, options.tokenizer);
  return out;
}

}  // namespace constformer
