#include "gguf_keys.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "config_keys.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

constexpr std::array spare{
    spare_gguf_key{"", "vocab_size", "the rows of token_embd say it"},
    spare_gguf_key{"", "tensor_data_layout", "the order of the rows follows from the architecture"},
    spare_gguf_key{"", "rope.scaling.finetuned", "it says how the model was trained"},
    spare_gguf_key{"", "classifier.output_labels", "of a head that is not read"},
    spare_gguf_key{"", "pooling_type", "read where vectors of texts are made"},
    spare_gguf_key{"",
                   "expert_used_count expert_shared_count expert_group_count expert_group_used_count "
                   "expert_weights_scale expert_weights_norm expert_gating_func expert_feed_forward_length "
                   "expert_shared_feed_forward_length expert_chunk_feed_forward_length expert_group_scale "
                   "experts_per_group moe_every_n_layers interleave_moe_layer_step moe_latent_size "
                   "leading_dense_block_count",
                   "there are no experts: expert_count is absent, 0 or 1"},
    spare_gguf_key{"",
                   "rope.scaling.factor rope.scale_linear rope.scaling.original_context_length "
                   "rope.scaling.yarn_beta_fast rope.scaling.yarn_beta_slow",
                   "rope.scaling.type does not ask for it"},
    spare_gguf_key{"gpt2 bert t5", "rope.dimension_count rope.freq_base rope.scaling.type rope.scaling.attn_factor",
                   "the architecture's positions are not rotary"},
    spare_gguf_key{"gpt2 bert", "attention.layer_norm_rms_epsilon", "its norms have layer_norm_epsilon"},
    spare_gguf_key{"llama qwen2 qwen3 phi3 gemma gemma2 t5", "attention.layer_norm_epsilon",
                   "its norms have layer_norm_rms_epsilon"},
    spare_gguf_key{"llama qwen2 qwen3 phi3 gpt2 bert gemma gemma2", "decoder_start_token_id decoder_block_count",
                   "there is no second side"},
};

// Those of other architectures, and those that a converter of this one could write and llama.cpp's never did.
constexpr std::string_view refused =
    "embedding_length_out features_length use_parallel_residual nextn_predict_layers n_deepstack_layers logit_scale "
    "attn_logit_softcapping router_logit_softcapping final_logit_softcapping swin_norm rescale_every_n_layers "
    "time_mix_extra_dim time_decay_extra_dim residual_scale embedding_scale token_shift_count "
    "full_attention_interval activation_sparsity_scale altup.active_idx altup.num_inputs "
    "embedding_length_per_layer_input swiglu_clamp_exp swiglu_clamp_shexp attention.max_alibi_bias "
    "attention.clamp_kqv attention.group_norm_epsilon attention.group_norm_groups attention.q_lora_rank "
    "attention.kv_lora_rank attention.decay_lora_rank attention.iclr_lora_rank "
    "attention.value_residual_mix_lora_rank attention.gate_lora_rank attention.relative_buckets_count "
    "attention.output_scale attention.temperature_length attention.key_length_mla attention.value_length_mla "
    "attention.key_length_swa attention.value_length_swa attention.shared_kv_layers "
    "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k "
    "attention.sliding_window_pattern attention.temperature_scale rope.dimension_count_swa rope.dimension_sections "
    "rope.freq_base_swa rope.scaling.alpha rope.scaling.yarn_log_multiplier rope.scaling.yarn_ext_factor "
    "rope.scaling.yarn_attn_factor ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank ssm.group_count "
    "ssm.dt_b_c_rms kda.head_dim wkv.head_size posnet.embedding_length posnet.block_count "
    "convnext.embedding_length convnext.block_count shortconv.l_cache";

// Neutral too, where they multiply.
constexpr std::string_view factors =
    "logit_scale residual_scale embedding_scale attention.output_scale rope.scaling.attn_factor "
    "rope.scaling.yarn_attn_factor rope.scaling.yarn_ext_factor";

bool is_whole(gguf_type type) {
  return type != gguf_type::f32 && type != gguf_type::f64 && type != gguf_type::boolean && type != gguf_type::string;
}

// One number, or nothing where there is a text or an array.
std::optional<double> number_of(gguf_file const& file, gguf_entry const& entry) {
  if (entry.is_array || entry.type == gguf_type::string) return std::nullopt;
  if (entry.type == gguf_type::boolean) return *file.flag(entry.key) ? 1 : 0;
  if (is_whole(entry.type)) return *file.integer(entry.key);
  return static_cast<double>(*file.real(entry.key));
}

std::string shown(gguf_file const& file, gguf_entry const& entry) {
  if (entry.is_array) return std::to_string(entry.count) + " values";
  if (entry.type == gguf_type::string) return "\"" + *file.text(entry.key) + "\"";
  if (entry.type == gguf_type::boolean) return *file.flag(entry.key) ? "true" : "false";
  if (is_whole(entry.type)) return std::to_string(*file.integer(entry.key));
  return std::to_string(*file.real(entry.key));
}

[[noreturn]] void refuse(gguf_file const& file, gguf_entry const& entry, std::string const& expected) {
  throw error(file.where + ": key " + std::string(entry.key) + " is " + shown(file, entry) + ", " + expected);
}

void require_neutral(gguf_file const& file, gguf_entry const& entry, std::string_view key) {
  auto const value = number_of(file, entry);
  bool const factor = is_listed(factors, key);
  if (value && (*value == 0 || (factor && *value == 1))) return;
  refuse(file, entry, factor ? "only 1 is supported" : "only 0 is supported");
}

// Whether the key says what the model has in any case; refuses it if it says another thing.
bool agrees(gguf_file const& file, gguf_entry const& entry, std::string_view key, config const& model) {
  double const value = number_of(file, entry).value_or(NAN);
  if (key == "attention.causal") {
    bool const causal = model.mask == mask_kind::causal;
    if ((value != 0) != causal) refuse(file, entry, causal ? "only true is supported" : "only false is supported");
    return true;
  }
  if (key == "attention.scale") {
    double const scale = static_cast<double>(model.score_gain) / std::sqrt(model.head_dim);
    if (value != 0 && !(std::abs(value - scale) <= 1e-5 * scale))
      refuse(file, entry, "scores are multiplied by " + std::to_string(scale));
    return true;
  }
  if (key == "attention.sliding_window") {
    bool const unlimited = value == 0 || value >= model.positions;
    if (!unlimited)
      refuse(file, entry,
             "windows below the context of " + std::to_string(model.positions) + " are not supported for " +
                 std::string(name_of(model.family)));
    return true;
  }
  return false;
}

std::string_view reason(std::string_view architecture, std::string_view key) {
  for (spare_gguf_key const& known : spare)
    if (is_listed(known.architectures, architecture) && is_listed(known.keys, key)) return known.why;
  return {};
}

}  // namespace

std::span<spare_gguf_key const> spare_gguf_keys() { return spare; }
std::string_view refused_gguf_keys() { return refused; }

std::vector<unread_key> unread_gguf_keys(gguf_file const& file, std::string_view architecture, config const& model,
                                         std::set<std::string, std::less<>> const& read) {
  std::vector<unread_key> out;
  std::string const prefix = std::string(architecture) + ".";
  for (gguf_entry const& entry : file.metadata) {
    if (!entry.key.starts_with(prefix) || read.contains(entry.key)) continue;
    std::string_view const key = entry.key.substr(prefix.size());
    if (agrees(file, entry, key, model)) continue;
    std::string_view why = reason(architecture, key);
    if (why.empty() && (is_listed(refused, key) || is_listed(factors, key))) {
      require_neutral(file, entry, key);
      why = "this value changes nothing";
    }
    out.push_back({std::string(entry.key), shown(file, entry), std::string(why)});
  }
  return out;
}

}  // namespace constformer
