#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/configs/aren_transliteration.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/bert_base_pretraining.hpp"
#include "constformer/configs/bert_large.hpp"
#include "constformer/configs/chatglm2_6b.hpp"
#include "constformer/configs/chatglm3_6b.hpp"
#include "constformer/configs/chatglm_6b.hpp"
#include "constformer/configs/distilbert_base.hpp"
#include "constformer/configs/gemma2_2b.hpp"
#include "constformer/configs/gemma2_9b.hpp"
#include "constformer/configs/gemma_2b.hpp"
#include "constformer/configs/gemma_7b.hpp"
#include "constformer/configs/glm4_9b.hpp"
#include "constformer/configs/glm4_9b_0414.hpp"
#include "constformer/configs/gpt2.hpp"
#include "constformer/configs/gpt2_large.hpp"
#include "constformer/configs/gpt2_medium.hpp"
#include "constformer/configs/gpt2_xl.hpp"
#include "constformer/configs/gpt_neo_125m.hpp"
#include "constformer/configs/gpt_neo_1_3b.hpp"
#include "constformer/configs/gpt_neox_20b.hpp"
#include "constformer/configs/llama2_13b.hpp"
#include "constformer/configs/llama2_70b.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/configs/llama3_8b.hpp"
#include "constformer/configs/llama_13b.hpp"
#include "constformer/configs/llama_33b.hpp"
#include "constformer/configs/llama_65b.hpp"
#include "constformer/configs/llama_7b.hpp"
#include "constformer/configs/minilm_l6.hpp"
#include "constformer/configs/mistral_7b.hpp"
#include "constformer/configs/mt5_base.hpp"
#include "constformer/configs/mt5_small.hpp"
#include "constformer/configs/nanochat_d12.hpp"
#include "constformer/configs/nanochat_d20.hpp"
#include "constformer/configs/nanochat_d24.hpp"
#include "constformer/configs/nanochat_d32.hpp"
#include "constformer/configs/nanogpt.hpp"
#include "constformer/configs/nanogpt_50304.hpp"
#include "constformer/configs/nanogpt_char.hpp"
#include "constformer/configs/nanogpt_sort.hpp"
#include "constformer/configs/opus_mt_en_de.hpp"
#include "constformer/configs/phi3_mini.hpp"
#include "constformer/configs/pythia_160m.hpp"
#include "constformer/configs/pythia_1_4b.hpp"
#include "constformer/configs/pythia_70m.hpp"
#include "constformer/configs/qwen2_0_5b.hpp"
#include "constformer/configs/qwen2_7b.hpp"
#include "constformer/configs/qwen3_0_6b.hpp"
#include "constformer/configs/qwen3_1_7b.hpp"
#include "constformer/configs/qwen3_4b.hpp"
#include "constformer/configs/qwen3_8b.hpp"
#include "constformer/configs/roberta_base.hpp"
#include "constformer/configs/roberta_large.hpp"
#include "constformer/configs/smollm_135m.hpp"
#include "constformer/configs/smollm_1_7b.hpp"
#include "constformer/configs/smollm_360m.hpp"
#include "constformer/configs/stories110m.hpp"
#include "constformer/configs/stories15m.hpp"
#include "constformer/configs/stories260k.hpp"
#include "constformer/configs/stories42m.hpp"
#include "constformer/configs/t5_11b.hpp"
#include "constformer/configs/t5_3b.hpp"
#include "constformer/configs/t5_base.hpp"
#include "constformer/configs/t5_large.hpp"
#include "constformer/configs/t5_small.hpp"
#include "constformer/configs/t5_v1_1_base.hpp"
#include "constformer/configs/t5_v1_1_small.hpp"
#include "constformer/configs/tinyllama_1_1b.hpp"
#include "constformer/configs/tinystories_1m.hpp"
#include "constformer/configs/tinystories_33m.hpp"
#include "constformer/configs/transformer_base.hpp"
#include "constformer/configs/transformer_big.hpp"
#include "constformer/configs/xlm_roberta_base.hpp"
#include "constformer/configs/xlm_roberta_large.hpp"

/// Published models, one header each; the numbers are those of the authors' own config files.
namespace constformer::configs {

/// A published model and the number of trained parameters that its authors' files hold, tied weights once.
struct published_model {
  std::string_view name;    ///< that of its header and its object
  config const* shape;      ///< never null
  std::int64_t parameters;  ///< exact
};

/// Every config in this folder. tests/static proves `parameter_count(*shape) == parameters` for each.
inline constexpr auto catalogue = std::to_array<published_model>({
    {"gpt2", &gpt2, 124'439'808},
    {"gpt2_medium", &gpt2_medium, 354'823'168},
    {"gpt2_large", &gpt2_large, 774'030'080},
    {"gpt2_xl", &gpt2_xl, 1'557'611'200},
    {"gpt_neo_125m", &gpt_neo_125m, 125'198'592},
    {"gpt_neo_1_3b", &gpt_neo_1_3b, 1'315'575'808},
    {"tinystories_1m", &tinystories_1m, 3'745'984},
    {"tinystories_33m", &tinystories_33m, 68'514'048},
    {"nanogpt", &nanogpt, 124'337'664},
    {"nanogpt_50304", &nanogpt_50304, 124'373'760},
    {"nanogpt_char", &nanogpt_char, 10'745'088},
    {"nanogpt_sort", &nanogpt_sort, 85'584},
    {"llama_7b", &llama_7b, 6'738'415'616},
    {"llama_13b", &llama_13b, 13'015'864'320},
    {"llama_33b", &llama_33b, 32'528'943'616},
    {"llama_65b", &llama_65b, 65'285'660'672},
    {"llama2_7b", &llama2_7b, 6'738'415'616},
    {"llama2_13b", &llama2_13b, 13'015'864'320},
    {"llama2_70b", &llama2_70b, 68'976'648'192},
    {"llama3_8b", &llama3_8b, 8'030'261'248},
    {"tinyllama_1_1b", &tinyllama_1_1b, 1'100'048'384},
    {"mistral_7b", &mistral_7b, 7'241'732'096},
    {"qwen2_0_5b", &qwen2_0_5b, 494'032'768},
    {"qwen2_7b", &qwen2_7b, 7'615'616'512},
    {"smollm_135m", &smollm_135m, 134'515'008},
    {"smollm_360m", &smollm_360m, 361'821'120},
    {"smollm_1_7b", &smollm_1_7b, 1'711'376'384},
    {"qwen3_0_6b", &qwen3_0_6b, 596'049'920},
    {"qwen3_1_7b", &qwen3_1_7b, 1'720'574'976},
    {"qwen3_4b", &qwen3_4b, 4'022'468'096},
    {"qwen3_8b", &qwen3_8b, 8'190'735'360},
    {"gemma_2b", &gemma_2b, 2'506'172'416},
    {"gemma_7b", &gemma_7b, 8'537'680'896},
    {"gemma2_2b", &gemma2_2b, 2'614'341'888},
    {"gemma2_9b", &gemma2_9b, 9'241'705'984},
    {"nanochat_d12", &nanochat_d12, 286'261'730},
    {"nanochat_d20", &nanochat_d20, 896'533'746},
    {"nanochat_d24", &nanochat_d24, 1'384'122'122},
    {"nanochat_d32", &nanochat_d32, 1'879'048'192},
    {"phi3_mini", &phi3_mini, 3'821'079'552},
    {"pythia_70m", &pythia_70m, 70'426'624},
    {"pythia_160m", &pythia_160m, 162'322'944},
    {"pythia_1_4b", &pythia_1_4b, 1'414'647'808},
    {"gpt_neox_20b", &gpt_neox_20b, 20'554'567'680},
    {"glm4_9b", &glm4_9b, 9'399'951'360},
    {"glm4_9b_0414", &glm4_9b_0414, 9'400'279'040},
    {"chatglm_6b", &chatglm_6b, 6'173'286'400},
    {"chatglm2_6b", &chatglm2_6b, 6'243'584'000},
    {"chatglm3_6b", &chatglm3_6b, 6'243'584'000},
    {"stories260k", &stories260k, 260'032},
    {"stories15m", &stories15m, 15'191'712},
    {"stories42m", &stories42m, 41'689'600},
    {"stories110m", &stories110m, 109'529'856},
    {"bert_base", &bert_base, 109'482'240},
    {"bert_base_pretraining", &bert_base_pretraining, 110'106'428},
    {"bert_large", &bert_large, 335'141'888},
    {"roberta_base", &roberta_base, 124'697'433},
    {"roberta_large", &roberta_large, 355'412'057},
    {"xlm_roberta_base", &xlm_roberta_base, 278'295'186},
    {"xlm_roberta_large", &xlm_roberta_large, 560'142'482},
    {"distilbert_base", &distilbert_base, 66'362'880},
    {"minilm_l6", &minilm_l6, 22'713'216},
    {"transformer_base", &transformer_base, 63'082'496},
    {"transformer_big", &transformer_big, 214'245'376},
    {"t5_small", &t5_small, 60'506'624},
    {"t5_base", &t5_base, 222'903'552},
    {"t5_large", &t5_large, 737'668'096},
    {"t5_3b", &t5_3b, 2'851'598'336},
    {"t5_11b", &t5_11b, 11'307'321'344},
    {"t5_v1_1_small", &t5_v1_1_small, 76'961'152},
    {"t5_v1_1_base", &t5_v1_1_base, 247'577'856},
    {"mt5_small", &mt5_small, 300'176'768},
    {"mt5_base", &mt5_base, 582'401'280},
    {"opus_mt_en_de", &opus_mt_en_de, 73'944'309},
    {"aren_transliteration", &aren_transliteration, 182'731},
});

}  // namespace constformer::configs
