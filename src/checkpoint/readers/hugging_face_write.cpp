#include "hugging_face_write.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "constformer/models/name_map.hpp"
#include "constformer/models/names.hpp"

namespace constformer {

namespace {

using nlohmann::ordered_json;

// Transformers' names of activations where they are not ours.
std::string activation_name(activation_kind kind) {
  switch (kind) {
    case activation_kind::gelu_tanh: return "gelu_new";
    case activation_kind::identity: return "linear";
    default: return std::string(name_of(kind));
  }
}

// The shortest decimal that gives the float back; as a double it would have seventeen digits.
ordered_json real(float value) {
  std::array<char, 32> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return ordered_json::parse(std::string(digits.data(), end));
}

ordered_json rope_scaling(rope_config const& r) {
  switch (r.scaling) {
    case rope_scaling_kind::linear: return {{"rope_type", "linear"}, {"factor", real(r.factor)}};
    case rope_scaling_kind::llama3:
      return {{"rope_type", "llama3"},
              {"factor", real(r.factor)},
              {"low_freq_factor", real(r.low_freq_factor)},
              {"high_freq_factor", real(r.high_freq_factor)},
              {"original_max_position_embeddings", r.original_positions}};
    default: return nullptr;  // files without a config.json of their own have no other kind
  }
}

void add_llama(ordered_json& out, config const& c, char const* architecture) {
  out["architectures"] = {architecture};
  out["vocab_size"] = c.vocab;
  out["hidden_size"] = c.d_model;
  out["intermediate_size"] = c.d_ff;
  out["num_hidden_layers"] = c.layers;
  out["num_attention_heads"] = c.heads;
  out["num_key_value_heads"] = c.kv_heads;
  out["head_dim"] = c.head_dim;
  out["hidden_act"] = activation_name(c.activation);
  out["max_position_embeddings"] = c.positions;
  out["rms_norm_eps"] = real(c.norm_eps);
  out["rope_theta"] = real(c.rope.theta);
  out["rope_scaling"] = rope_scaling(c.rope);
  out["tie_word_embeddings"] = c.tied;
  if (c.family != family_kind::llama) return;
  out["attention_bias"] = c.bias_qkv;
  out["mlp_bias"] = c.bias_ffn;
}

void add_gpt2(ordered_json& out, config const& c) {
  out["architectures"] = {"GPT2LMHeadModel"};
  out["vocab_size"] = c.vocab;
  out["n_positions"] = c.positions;
  out["n_embd"] = c.d_model;
  out["n_layer"] = c.layers;
  out["n_head"] = c.heads;
  out["n_inner"] = c.d_ff;
  out["activation_function"] = activation_name(c.activation);
  out["layer_norm_epsilon"] = real(c.norm_eps);
  out["tie_word_embeddings"] = c.tied;
}

void add_bert(ordered_json& out, config const& c) {
  out["architectures"] = {"BertModel"};
  out["vocab_size"] = c.vocab;
  out["hidden_size"] = c.d_model;
  out["intermediate_size"] = c.d_ff;
  out["num_hidden_layers"] = c.layers;
  out["num_attention_heads"] = c.heads;
  out["hidden_act"] = activation_name(c.activation);
  out["max_position_embeddings"] = c.positions;
  out["type_vocab_size"] = c.segments;
  out["layer_norm_eps"] = real(c.norm_eps);
}

void add_ids(ordered_json& out, special_ids const& ids) {
  out["bos_token_id"] = ids.bos ? ordered_json(*ids.bos) : ordered_json(nullptr);
  out["eos_token_id"] = ids.eos.empty()       ? ordered_json(nullptr)
                        : ids.eos.size() == 1 ? ordered_json(ids.eos.front())
                                              : ordered_json(ids.eos);
  out["pad_token_id"] = ids.pad ? ordered_json(*ids.pad) : ordered_json(nullptr);
}

config as_transformers(config c) {
  if (c.position == position_kind::rotary) c.rope.style = rope_style::half_split;
  return c;
}

// The rule that names a tensor, if one does.
name_rule const* rule_of(checkpoint const& source, std::string_view tensor) {
  std::string_view const layer = tensor.substr(0, tensor.rfind('.'));
  for (name_rule const& rule : names_of(source.model).rules) {
    bool const fits = rule.prefixed
                          ? layer.starts_with(source.prefix) && matches(layer.substr(source.prefix.size()), rule.tensor)
                          : matches(layer, rule.tensor);
    if (fits) return &rule;
  }
  return nullptr;
}

bool is_query_or_key(name_rule const& rule) {
  return rule.layer.ends_with("attention.query") || rule.layer.ends_with("attention.key");
}

std::vector<std::byte> as_f32(tensor_view const& t) {
  std::vector<float> values(static_cast<std::size_t>(count_of(t.shape)));
  auto const [rows, columns] = matrix_of(t);
  static_cast<void>(columns);
  read_rows_f32(t, 0, rows, values);
  std::vector<std::byte> out(4 * values.size());
  if (!out.empty()) std::memcpy(out.data(), values.data(), out.size());
  return out;
}

// Row `row` of the result is row `from(row)`; rows of a vector are its values.
template <class From>
std::vector<std::byte> with_rows(tensor_view const& t, From from) {
  auto const rows = static_cast<std::size_t>(t.shape.front());
  std::size_t const width = t.bytes.size() / rows;
  std::vector<std::byte> out(t.bytes.size());
  for (std::size_t row = 0; row < rows; ++row)
    std::memcpy(out.data() + row * width, t.bytes.data() + from(row) * width, width);
  return out;
}

std::vector<std::byte> half_split(tensor_view const& t, config const& c) {
  auto const head = static_cast<std::size_t>(c.head_dim), rotary = static_cast<std::size_t>(c.rope.rotary_dims);
  return with_rows(t, [=](std::size_t row) {
    std::size_t const within = row % head;
    if (within >= rotary) return row;
    return row - within + (within < rotary / 2 ? 2 * within : 2 * (within - rotary / 2) + 1);
  });
}

std::vector<std::byte> transposed(tensor_view const& t) {
  auto const rows = static_cast<std::size_t>(t.shape[0]), columns = static_cast<std::size_t>(t.shape[1]);
  std::size_t const width = t.bytes.size() / (rows * columns);
  std::vector<std::byte> out(t.bytes.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      std::memcpy(out.data() + (c * rows + r) * width, t.bytes.data() + (r * columns + c) * width, width);
  return out;
}

void replace_bytes(hugging_face_form& form, tensor_view& t, std::vector<std::byte> bytes) {
  form.storage.push_back(std::move(bytes));
  t.bytes = form.storage.back();
}

}  // namespace

std::string hugging_face_config_text(checkpoint const& source) {
  config const& c = source.model;
  ordered_json out = {{"model_type", name_of(c.family)}};
  switch (c.family) {
    case family_kind::llama: add_llama(out, c, "LlamaForCausalLM"); break;
    case family_kind::mistral: add_llama(out, c, "MistralForCausalLM"); break;
    case family_kind::qwen2: add_llama(out, c, "Qwen2ForCausalLM"); break;
    case family_kind::gpt2: add_gpt2(out, c); break;
    case family_kind::bert: add_bert(out, c); break;
    default:
      throw error(source.path.string() + ": a config.json of " + std::string(name_of(c.family)) + " is not written");
  }
  add_ids(out, source.ids);
  std::string text = out.dump(2) + "\n";
  config again = read_hugging_face_config(text, "config.json").model;
  config wanted = as_transformers(c);
  again.pooler = wanted.pooler;  // tensors tell
  wanted.capacity = again.capacity;
  wanted.weights = again.weights;
  if (again != wanted) throw error(source.path.string() + ": its hyperparameters cannot be said in a config.json");
  return text;
}

hugging_face_form in_hugging_face_form(checkpoint const& source) {
  hugging_face_form out{hugging_face_config_text(source), source.tensors};
  bool const interleaved =
      source.model.position == position_kind::rotary && source.model.rope.style == rope_style::interleaved;
  for (tensor_view& t : out.tensors) {
    bool const floating = t.type == dtype::f32 || t.type == dtype::f16 || t.type == dtype::bf16;
    if (!floating) {
      replace_bytes(out, t, as_f32(t));
      t.type = dtype::f32;
      t.scales = {};
    }
    name_rule const* const rule = rule_of(source, t.name);
    if (rule == nullptr) continue;
    if (interleaved && is_query_or_key(*rule)) replace_bytes(out, t, half_split(t, source.model));
    if (rule->transposed && !source.linear_in_out && t.shape.size() == 2) {
      replace_bytes(out, t, transposed(t));
      std::swap(t.shape[0], t.shape[1]);
    }
  }
  return out;
}

}  // namespace constformer
