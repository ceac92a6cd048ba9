#include "config_keys.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace constformer {

namespace {

constexpr std::string_view decoders =
    "llama mistral qwen2 qwen3 gemma gemma2 phi3 gpt_neox glm glm4 nanochat gpt2 gpt_neo";
constexpr std::string_view encoders = "bert roberta xlm-roberta camembert distilbert";
constexpr std::string_view translators = "t5 mt5 marian";

constexpr std::array fixed{
    fixed_key{"", "quantization_config", "", "only unquantised checkpoints are supported"},
    fixed_key{"", "quantization", "", "only unquantised checkpoints are supported"},
    fixed_key{"", "add_cross_attention", "false", "only false is supported"},
    fixed_key{"", "pruned_heads", "{}", "only whole layers are supported"},
    fixed_key{"", "per_layer_config", "{}", "one config for all layers is supported"},
    fixed_key{"", "tie_encoder_decoder", "false", "only false is supported"},
    fixed_key{"", "torchscript", "false", "only false is supported"},
    fixed_key{"", "default_theta", "", "rope_theta must say it"},
    fixed_key{decoders, "is_causal", "true", "only true is supported"},
    fixed_key{translators, "is_causal", "true", "only true is supported"},
    fixed_key{"llama", "rope_interleaved", "false", "only false is supported"},
    fixed_key{"qwen2 qwen3", "use_mrope", "false", "only false is supported"},
    fixed_key{"chatglm", "quantization_embeddings", "false", "only false is supported"},
    fixed_key{"ctranslate2", "quantization_type", "0", "only unquantised layers are supported"},
};

constexpr std::array spare{
    spare_key{"",
              "dropout dropout_rate attention_dropout activation_dropout hidden_dropout hidden_dropout_prob "
              "attention_probs_dropout_prob attn_pdrop embd_pdrop resid_pdrop embed_dropout resid_dropout "
              "classifier_dropout classif_dropout "
              "qa_dropout seq_classif_dropout summary_first_dropout summary_last_dropout encoder_layerdrop "
              "decoder_layerdrop gradient_checkpointing",
              "only training has it"},
    spare_key{"", "initializer_range initializer_factor init_std", "fresh weights are drawn so, read ones are not"},
    spare_key{
        "",
        "output_attentions output_hidden_states output_scores return_dict return_dict_in_generate use_return_dict "
        "output_past tie_last_hidden_states",
        "it says what transformers returns beside logits"},
    spare_key{"", "use_cache", "keys and values are kept in any case"},
    spare_key{"",
              "transformers_version auto_map finetuning_task _name_or_path _commit_hash unsloth_version unsloth_fixed "
              "is_llama_config transformers.js_config",
              "it says where the file comes from"},
    spare_key{"", "dtype torch_dtype use_bfloat16",
              "tensors are read in the types they are stored in and computed with in float32"},
    spare_key{"",
              "attn_implementation _attn_implementation _attn_implementation_internal _attn_implementation_autoset "
              "_flash_attn_2_enabled use_flash_attn pretraining_tp chunk_size_feed_forward tf_legacy_loss",
              "it changes how sums are cut into pieces, not what they are"},
    spare_key{"", "label2id num_labels _num_labels", "id2label and the classifier's tensor say it"},
    spare_key{"", "task_specific_params", "settings of pipelines, which generate() does not take"},
    spare_key{"",
              "max_length min_length max_new_tokens min_new_tokens do_sample early_stopping num_beams num_beam_groups "
              "diversity_penalty temperature top_k top_p typical_p repetition_penalty length_penalty "
              "no_repeat_ngram_size encoder_no_repeat_ngram_size num_return_sequences forced_bos_token_id "
              "forced_eos_token_id suppress_tokens begin_suppress_tokens exponential_decay_length_penalty "
              "remove_invalid_values",
              "a setting of generation, which generation_config.json says"},
    spare_key{"", "tokenizer_class prefix sep_token_id cls_token_id mask_token_id unk_token_id image_token_id",
              "the tokenizer's own files say it"},
    spare_key{"", "cross_attention_hidden_size", "of cross-attention, which is refused"},
    spare_key{decoders, "is_decoder", "the family is one in any case"},
    spare_key{translators, "is_decoder", "of the whole, which has both sides"},
    spare_key{encoders, "bad_words_ids", "an encoder generates nothing"},
    spare_key{"mt5", "tie_word_embeddings", "a head that is not stored is the embedding, one that is stored counts"},
    spare_key{"distilbert", "is_decoder", "the family's code does not read it"},
    spare_key{"", "cache_implementation", "keys and values are kept as the program was built"},
    spare_key{"", "rope_parameters", "rope_scaling counts before it"},
    spare_key{"", "original_max_position_embeddings", "the rotary scaling does not ask for it"},
    spare_key{"",
              "rope_scaling.type rope_scaling.factor rope_scaling.attention_factor rope_scaling.beta_fast "
              "rope_scaling.beta_slow rope_scaling.truncate rope_scaling.mscale rope_scaling.mscale_all_dim "
              "rope_scaling.low_freq_factor rope_scaling.high_freq_factor rope_scaling.finetuned "
              "rope_scaling.original_max_position_embeddings rope_scaling.short_factor rope_scaling.long_factor "
              "rope_scaling.short_mscale rope_scaling.long_mscale "
              "rope_parameters.type rope_parameters.factor rope_parameters.attention_factor rope_parameters.beta_fast "
              "rope_parameters.beta_slow rope_parameters.truncate rope_parameters.mscale "
              "rope_parameters.mscale_all_dim rope_parameters.low_freq_factor rope_parameters.high_freq_factor "
              "rope_parameters.original_max_position_embeddings rope_parameters.short_factor "
              "rope_parameters.long_factor rope_parameters.finetuned",
              "the rotary scaling does not ask for it"},
    spare_key{"", "ignore_keys_at_rope_validation", "it says what transformers checks"},
    spare_key{"qwen2 qwen3", "max_window_layers", "layer_types or use_sliding_window say it"},
    spare_key{"qwen2 qwen3 gemma2", "sliding_window", "no layer has a window"},
    spare_key{"llama gemma gpt_neox glm glm4 nanochat gpt2 gpt_neo",
              "sliding_window use_sliding_window max_window_layers", "the family's code sees all keys"},
    spare_key{"gpt_neox", "rotary_pct rotary_emb_base partial_rotary_factor rope_theta",
              "rope_parameters counts before it, and the family's own names before others"},
    spare_key{"mistral qwen2 phi3", "attention_bias mlp_bias",
              "the family has its biases in any case, and tensors that do not fit are refused"},
    spare_key{"gemma", "hidden_activation", "the family's code computes hidden_act"},
    spare_key{"gemma2", "hidden_act", "the family's code computes hidden_activation"},
    spare_key{"gpt2 gpt_neo",
              "summary_type summary_use_proj summary_activation summary_proj_to_labels n_ctx "
              "predict_special_tokens",
              "of a head that is not read, or read by no code"},
    spare_key{encoders,
              "directionality pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head "
              "pooler_type tie_weights_ sinusoidal_pos_embds",
              "the tensors say it, or no code reads it"},
    spare_key{"t5 mt5", "n_positions", "distances have no end"},
    spare_key{"marian",
              "add_bias_logits add_final_layer_norm normalize_before normalize_embedding static_position_embeddings "
              "extra_pos_embeddings",
              "the family's code is so in any case"},
    spare_key{"chatglm",
              "apply_query_key_layer_scaling attention_softmax_in_fp32 fp32_residual_connection bias_dropout_fusion "
              "original_rope prefix_projection vocab_size num_hidden_layers",
              "it changes nothing in float32, or another key counts"},
    spare_key{"ctranslate2", "unk_token add_source_bos add_source_eos", "read with the vocabularies"},
    spare_key{"ctranslate2", "quantization_bits quantization_group_size", "of quantization_type, which is refused"},
    spare_key{"ctranslate2", "multi_query_attention", "model.bin says how many heads share a key"},
    spare_key{"ctranslate2", "alignment_heads lang_ids suppress_ids suppress_ids_begin",
              "Whisper's, whose model.bin is refused"},
};

}  // namespace

std::span<fixed_key const> fixed_keys() { return fixed; }
std::span<spare_key const> spare_keys() { return spare; }

bool is_listed(std::string_view list, std::string_view name) {
  if (list.empty()) return true;
  for (std::size_t begin = 0; begin < list.size();) {
    std::size_t const end = std::min(list.find(' ', begin), list.size());
    if (list.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

void refuse_other_values(json_fields const& fields, std::string_view model_type) {
  for (fixed_key const& key : fixed)
    if (is_listed(key.families, model_type) && fields.has(key.key) && fields.quoted_value(key.key) != key.only)
      fields.misfit(key.key, key.expected);
}

std::vector<unread_key> unread_keys(json_fields const& fields, std::string_view model_type) {
  std::vector<unread_key> out;
  for (json_fields::entry& unread : fields.unread()) {
    auto const known = std::ranges::find_if(spare, [&](spare_key const& key) {
      return is_listed(key.families, model_type) && is_listed(key.keys, unread.path);
    });
    std::string why(known == spare.end() ? std::string_view() : known->why);
    out.push_back({std::move(unread.path), std::move(unread.value), std::move(why)});
  }
  return out;
}

}  // namespace constformer
