#pragma once

#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "json.hpp"
#include "rope_parameters.hpp"

// One function per model_type: the config that its config.json asks for. They refuse what `config` cannot say;
// `first_misfit` judges the result.

namespace constformer {

/// What differs between Llama-like families when config.json does not say.
struct llama_defaults {
  int kv_heads = 0;   ///< 0: as many as query heads
  int positions = 0;  ///< longest context; 0: the field must be there
  int head_dim = 0;   ///< 0: hidden_size / num_attention_heads
  float norm_eps = 1e-6F;
  bool tied = false;
  std::string_view activation_field = "hidden_act";
  std::string_view activation = "silu";
  rope_names rope{};
};

/// The config of all families that keep Llama's fields. Null kv heads mean as many as query heads whatever the default
/// of an absent field is.
[[nodiscard]] config read_llama_like(json_fields const& fields, config (*family)(shape const&),
                                     llama_defaults const& defaults);

/// What Gemma 2's scores are multiplied by beside 1/√head_dim, so that they are divided by the root of `scalar`
/// instead.
[[nodiscard]] float query_scalar_gain(int head_dim, int scalar);

[[nodiscard]] config read_llama(json_fields const& fields);
[[nodiscard]] config read_mistral(json_fields const& fields);
[[nodiscard]] config read_qwen2(json_fields const& fields);
[[nodiscard]] config read_qwen3(json_fields const& fields);
[[nodiscard]] config read_gemma(json_fields const& fields);
[[nodiscard]] config read_gemma2(json_fields const& fields);
[[nodiscard]] config read_nanochat(json_fields const& fields);
[[nodiscard]] config read_phi3(json_fields const& fields);
[[nodiscard]] config read_gpt_neo(json_fields const& fields);
[[nodiscard]] config read_gpt_neox(json_fields const& fields);
[[nodiscard]] config read_glm(json_fields const& fields);
[[nodiscard]] config read_glm4(json_fields const& fields);
[[nodiscard]] config read_chatglm(json_fields const& fields);

}  // namespace constformer
