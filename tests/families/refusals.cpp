#include "refusals.hpp"

namespace families {

std::vector<refusal> const& refusals() {
  static std::vector<refusal> const all{
      {"llama_mha", R"({"rope_scaling":{"rope_type":"proportional","factor":2.0}})",
       R"(rope_scaling: field "rope_type" is "proportional", supported are default, linear, dynamic, llama3, yarn and longrope)"},
      {"llama_mha", R"({"hidden_act":"prelu"})",
       R"(field "hidden_act" is "prelu", supported are gelu, gelu_new, gelu_fast, gelu_accurate, gelu_pytorch_tanh, quick_gelu, relu, relu2, silu, swish, tanh, sigmoid and linear)"},
      {"llama_mha", R"({"quantization_config":{"quant_method":"gptq"}})",
       R"(field "quantization_config": the weights are quantised (GPTQ), which is not read; give the unquantised model, and --dtype q8_0 or q4_0 quantises it here)"},
      {"llama_mha", R"({"pruned_heads":{"0":[1]}})",
       R"(field "pruned_heads" is {"0":[1]}, only whole layers are supported)"},
      {"qwen2_window", R"({"layer_types":["sliding_attention","linear_attention"]})",
       R"(field "layer_types" has "linear_attention", supported are full_attention and sliding_attention)"},
      {"gemma_first_act", R"({"use_bidirectional_attention":true})",
       R"(field "use_bidirectional_attention" is true, only false is supported)"},
      {"phi3_tied", R"({"rope_scaling":{"type":"linear","factor":2.0}})",
       R"(rope scaling linear is none of a Phi-3, which has longrope)"},
      {"chatglm_6b_prefix", R"({"position_encoding_2d":false})",
       R"(field "position_encoding_2d" is false, only true is supported)"},
      {"chatglm_6b_prefix", R"({"pre_seq_len":128})", R"(field "pre_seq_len" is 128, prompt tuning is not supported)"},
      {"chatglm_groups", R"({"quantization_bit":4})",
       R"(field "quantization_bit" is 4, only unquantised checkpoints are supported)"},
      {"gpt2_plain", R"({"add_cross_attention":true})",
       R"(field "add_cross_attention" is true, only false is supported)"},
      {"bert_plain", R"({"position_embedding_type":"relative_key"})",
       R"(field "position_embedding_type" is "relative_key", only "absolute" is supported)"},
      {"bert_plain", R"({"is_decoder":true})", R"(field "is_decoder" is true, only false is supported)"},
      {"roberta_masked", R"({"hidden_act":"relu"})",
       R"(field "hidden_act" is relu, the head for masked tokens has gelu in any case, which is supported only together with it)"},
      {"roberta_plain", R"({"model_type":"xlm-roberta-xl"})",
       R"(model_type "xlm-roberta-xl" is not supported: its norms stand before each half of a block, those of an XLM-RoBERTa behind it)"},
  };
  return all;
}

}  // namespace families
