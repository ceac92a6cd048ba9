#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/error.hpp"
#include "hugging_face_write.hpp"

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

// The shortest decimal that gives the float back; as a double it would have seventeen digits. transformers takes no 20
// for 20.0.
ordered_json real(float value) {
  std::array<char, 32> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return ordered_json::parse(text);
}

ordered_json factors(factor_table const& table, int pairs) {
  ordered_json out = ordered_json::array();
  for (int j = 0; j < pairs; ++j) out.push_back(real(table.values[j]));
  return out;
}

ordered_json rope_scaling(rope_config const& r) {
  switch (r.scaling) {
    case rope_scaling_kind::longrope:
      return {{"type", "longrope"},
              {"short_factor", factors(r.short_factors, r.rotary_dims / 2)},
              {"long_factor", factors(r.long_factors, r.rotary_dims / 2)}};
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

void add_llama_like(ordered_json& out, config const& c, char const* architecture) {
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
}

void add_llama(ordered_json& out, config const& c) {
  add_llama_like(out, c, "LlamaForCausalLM");
  out["attention_bias"] = c.bias_qkv;
  out["mlp_bias"] = c.bias_ffn;
}

void add_qwen3(ordered_json& out, config const& c) {
  add_llama_like(out, c, "Qwen3ForCausalLM");
  out["attention_bias"] = c.bias_qkv;
}

void add_phi3(ordered_json& out, config const& c) {
  add_llama_like(out, c, "Phi3ForCausalLM");
  bool const scaled = c.rope.scaling == rope_scaling_kind::longrope;
  out["original_max_position_embeddings"] = scaled ? c.rope.original_positions : c.positions;
  out["partial_rotary_factor"] = real(static_cast<float>(c.rope.rotary_dims) / static_cast<float>(c.head_dim));
  out["sliding_window"] = c.window > 0 ? ordered_json(c.window) : ordered_json(nullptr);
}

// The releases say their one activation under both of its names.
void add_gemma(ordered_json& out, config const& c, char const* architecture) {
  add_llama_like(out, c, architecture);
  if (c.activation == activation_kind::gelu_tanh) out["hidden_act"] = "gelu_pytorch_tanh";
  out["hidden_activation"] = out["hidden_act"];
  out["attention_bias"] = c.bias_qkv;
}

ordered_json cap(float value) { return value > 0 ? real(value) : ordered_json(nullptr); }

void add_gemma2(ordered_json& out, config const& c) {
  add_gemma(out, c, "Gemma2ForCausalLM");
  out["query_pre_attn_scalar"] = std::lround(static_cast<float>(c.head_dim) / (c.score_gain * c.score_gain));
  out["attn_logit_softcapping"] = cap(c.score_softcap);
  out["final_logit_softcapping"] = cap(c.logit_softcap);
  out["sliding_window"] = c.window;
  for (int layer = 0; layer < c.layers; ++layer)
    out["layer_types"].push_back(c.unwindowed.contains(layer) ? "full_attention" : "sliding_attention");
}

void add_nanochat(ordered_json& out, config const& c) {
  add_llama_like(out, c, "NanoChatForCausalLM");
  out["attention_bias"] = c.bias_qkv;
  out["final_logit_softcapping"] = cap(c.logit_softcap);
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

void add_t5(ordered_json& out, config const& c, special_ids const& ids) {
  out["model_type"] = "t5";  // of both
  out["architectures"] = {"T5ForConditionalGeneration"};
  out["is_encoder_decoder"] = true;
  out["vocab_size"] = c.vocab;
  out["d_model"] = c.d_model;
  out["d_kv"] = c.head_dim;
  out["d_ff"] = c.d_ff;
  out["num_layers"] = c.encoder.layers;
  out["num_decoder_layers"] = c.layers;
  out["num_heads"] = c.heads;
  std::string const function = activation_name(c.activation);
  // In T5's files "gated-gelu" is the tanh form.
  out["feed_forward_proj"] = !c.gated ? function : function == "gelu_new" ? "gated-gelu" : "gated-" + function;
  out["layer_norm_epsilon"] = real(c.norm_eps);
  out["relative_attention_num_buckets"] = c.relative.buckets;
  out["relative_attention_max_distance"] = c.relative.max_distance;
  out["tie_word_embeddings"] = c.tied;
  bool const scales = c.logit_scale != 1.0F;
  if (scales != c.tied) out["scale_decoder_outputs"] = scales;  // else transformers 4 and 5 take it from the line above
  if (ids.decoder_start) out["decoder_start_token_id"] = *ids.decoder_start;
}

void add_marian(ordered_json& out, config const& c, special_ids const& ids) {
  bool const shared = c.encoder.vocab == 0;
  out["architectures"] = {"MarianMTModel"};
  out["is_encoder_decoder"] = true;
  out["vocab_size"] = shared ? c.vocab : c.encoder.vocab;
  if (!shared) out["decoder_vocab_size"] = c.vocab;
  out["share_encoder_decoder_embeddings"] = shared;
  out["tie_word_embeddings"] = c.tied;
  out["d_model"] = c.d_model;
  out["encoder_layers"] = c.encoder.layers;
  out["encoder_attention_heads"] = c.encoder.heads;
  out["encoder_ffn_dim"] = c.encoder.d_ff;
  out["decoder_layers"] = c.layers;
  out["decoder_attention_heads"] = c.heads;
  out["decoder_ffn_dim"] = c.d_ff;
  out["activation_function"] = activation_name(c.activation);
  out["scale_embedding"] = c.embedding_scale != 1.0F;
  out["max_position_embeddings"] = c.positions;
  if (ids.decoder_start) out["decoder_start_token_id"] = *ids.decoder_start;
}

// The lecture code's and the paper's, of which transformers has no class.
void add_transformer(ordered_json& out, config const& c, special_ids const& ids) {
  bool const lecture = c.place == norm_place::pre, shared = c.encoder.vocab == 0;
  out["model_type"] = "transformer";
  out["form"] = lecture ? "lecture" : "paper";
  out["source_vocab"] = shared ? c.vocab : c.encoder.vocab;
  out["target_vocab"] = c.vocab;
  out["d_model"] = c.d_model;
  out["d_ff"] = c.d_ff;
  out["layers"] = c.layers;
  out["heads"] = c.heads;
  out["positions"] = c.positions;
  out["norm_eps"] = real(c.norm_eps);
  if (!lecture) {
    out["shared_embedding"] = shared;
    out["tied"] = c.tied;
    out["head_bias"] = c.bias_head;
  }
  if (ids.decoder_start) out["decoder_start_token_id"] = *ids.decoder_start;
}

void add_ids(ordered_json& out, special_ids const& ids) {
  out["bos_token_id"] = ids.bos ? ordered_json(*ids.bos) : ordered_json(nullptr);
  out["eos_token_id"] = ids.eos.empty()       ? ordered_json(nullptr)
                        : ids.eos.size() == 1 ? ordered_json(ids.eos.front())
                                              : ordered_json(ids.eos);
  out["pad_token_id"] = ids.pad ? ordered_json(*ids.pad) : ordered_json(nullptr);
}

struct part {
  bool there;
  std::string_view name;
};

// Why a model cannot be said in the config.json of `nearest`; empty if it has none of the parts.
std::string no_place(std::string_view nearest, std::initializer_list<part> parts) {
  std::string list;
  for (part const& p : parts)
    if (p.there) list += (list.empty() ? "" : ", ") + std::string(p.name);
  return list.empty() ? list : "transformers' " + std::string(nearest) + " has no place for " + list;
}

// Transformers' nanochat is that of the first era.
std::string later_than_transformers(config const& c) {
  return no_place("nanochat", {{c.residual_gains, "resid_lambdas and x0_lambdas"},
                               {!c.value_layers.empty(), "value embeddings"},
                               {c.smear_inputs > 0, "the smear gate"},
                               {c.backout, "backout_lambda"},
                               {c.score_gain != 1.0F, "a gain of queries and keys"},
                               {c.window > 0, "short windows"}});
}

std::string_view opennmt_positions(position_kind position) {
  return position == position_kind::learned ? "a stored table of positions" : "OpenNMT's sinusoids";
}

std::string other_than_marian(config const& c) {
  return no_place("marian, the nearest family,", {{c.place == norm_place::pre, "norms before each half of a block"},
                                                  {c.norm != norm_kind::layer_norm, "RMSNorm"},
                                                  {c.embedding_norm, "a norm on the embeddings"},
                                                  {c.gated, "a gate in the feed-forward layers"},
                                                  {true, opennmt_positions(c.position)}});
}

// model_type and what its family's class reads; the reason if there is no such class.
std::string add_model(ordered_json& out, checkpoint const& source) {
  config const& c = source.model;
  out["model_type"] = name_of(c.family);
  switch (c.family) {
    case family_kind::llama: add_llama(out, c); return {};
    case family_kind::mistral: add_llama_like(out, c, "MistralForCausalLM"); return {};
    case family_kind::qwen2: add_llama_like(out, c, "Qwen2ForCausalLM"); return {};
    case family_kind::qwen3: add_qwen3(out, c); return {};
    case family_kind::phi3: add_phi3(out, c); return {};
    case family_kind::gemma: add_gemma(out, c, "GemmaForCausalLM"); return {};
    case family_kind::gemma2: add_gemma2(out, c); return {};
    case family_kind::nanochat: add_nanochat(out, c); return later_than_transformers(c);
    case family_kind::gpt2: add_gpt2(out, c); return {};
    case family_kind::bert: add_bert(out, c); return {};
    case family_kind::t5:
    case family_kind::t5_v1_1: add_t5(out, c, source.ids); return {};
    case family_kind::marian: add_marian(out, c, source.ids); return {};
    case family_kind::lecture: add_transformer(out, c, source.ids); return {};
    case family_kind::opennmt: return other_than_marian(c);
    case family_kind::ctranslate2_decoder: return "a model.bin does not say which family it was converted from";
    default: return "a config.json of " + std::string(name_of(c.family)) + " is not written";
  }
}

// Whether the reader makes of `text` what was meant.
bool says(std::string const& text, config wanted) {
  try {
    config const again = read_hugging_face_config(text, "config.json").model;
    wanted.pooler = again.pooler;  // tensors tell
    wanted.capacity = again.capacity;
    wanted.weights = again.weights;
    wanted.types = again.types;
    wanted.group = again.group;
    return again == wanted;
  } catch (error const&) {
    return false;
  }
}

}  // namespace

config as_transformers(config c) {
  if (c.position == position_kind::rotary) c.rope.style = rope_style::half_split;
  if (c.family == family_kind::gemma || c.family == family_kind::gemma2) c.norm_adds_one = true;
  if (c.family == family_kind::gpt2 && c == with_biases(c, false)) c = with_biases(c, true);
  return c;
}

written_config write_hugging_face_config(checkpoint const& source) {
  ordered_json out;
  if (std::string refusal = add_model(out, source); !refusal.empty()) return {{}, std::move(refusal)};
  add_ids(out, source.ids);
  std::string text = out.dump(2) + "\n";
  if (!says(text, as_transformers(source.model))) return {{}, "its hyperparameters cannot be said in a config.json"};
  return {std::move(text), {}};
}

}  // namespace constformer
