#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/bert_base_pretraining.hpp"
#include "constformer/configs/bert_large.hpp"
#include "constformer/configs/distilbert_base.hpp"
#include "constformer/configs/gpt2.hpp"
#include "constformer/configs/gpt2_large.hpp"
#include "constformer/configs/gpt2_medium.hpp"
#include "constformer/configs/gpt2_xl.hpp"
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
#include "constformer/configs/nanogpt.hpp"
#include "constformer/configs/nanogpt_50304.hpp"
#include "constformer/configs/nanogpt_char.hpp"
#include "constformer/configs/nanogpt_sort.hpp"
#include "constformer/configs/qwen2_0_5b.hpp"
#include "constformer/configs/qwen2_7b.hpp"
#include "constformer/configs/roberta_base.hpp"
#include "constformer/configs/roberta_large.hpp"
#include "constformer/configs/stories110m.hpp"
#include "constformer/configs/stories15m.hpp"
#include "constformer/configs/stories260k.hpp"
#include "constformer/configs/stories42m.hpp"
#include "constformer/configs/tinyllama_1_1b.hpp"

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
    {"stories260k", &stories260k, 260'032},
    {"stories15m", &stories15m, 15'191'712},
    {"stories42m", &stories42m, 41'689'600},
    {"stories110m", &stories110m, 109'529'856},
    {"bert_base", &bert_base, 109'482'240},
    {"bert_base_pretraining", &bert_base_pretraining, 110'106'428},
    {"bert_large", &bert_large, 335'141'888},
    {"roberta_base", &roberta_base, 124'697'433},
    {"roberta_large", &roberta_large, 355'412'057},
    {"distilbert_base", &distilbert_base, 66'362'880},
    {"minilm_l6", &minilm_l6, 22'713'216},
});

}  // namespace constformer::configs
