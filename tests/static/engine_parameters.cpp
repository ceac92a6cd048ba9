// The engine's own table of parameters, walked once over its types, against the closed formulas.
#include <cstdint>

#include "constformer/analysis/parameters.hpp"
#include "constformer/configs/catalogue.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/transformer.hpp"

namespace {

using namespace constformer;

template <config const&... Configs>
constexpr bool tables_agree = ((count_parameters<transformer<Configs>>() == parameter_count(Configs)) && ...);

// One of each kind; a type costs the compiler half a second, and sizes differ in numbers only.
static_assert(tables_agree<configs::gpt2, configs::gpt2_xl, configs::nanogpt, configs::nanogpt_sort>);
static_assert(tables_agree<configs::llama2_7b, configs::llama2_70b, configs::llama3_8b, configs::stories260k>);
static_assert(tables_agree<configs::mistral_7b, configs::qwen2_0_5b, configs::qwen2_7b>);
static_assert(tables_agree<configs::qwen3_0_6b, configs::gemma_2b, configs::gemma2_2b>);
static_assert(tables_agree<configs::phi3_mini, configs::pythia_70m, configs::glm4_9b_0414, configs::chatglm3_6b,
                           configs::chatglm_6b, configs::nanochat_d12, configs::nanochat_d32>);
static_assert(tables_agree<configs::bert_base, configs::bert_large>);

template <config const& Config>
constexpr std::int64_t entries_with(parameter_role role) {
  std::int64_t sum = 0;
  for (parameter_entry const& e : parameter_table<transformer<Config>>)
    if (e.role == role) sum += e.size() * e.layers;
  return sum;
}

// The formulas' split into quantisable matrices and the rest is the roles' split.
static_assert(entries_with<configs::llama2_7b>(parameter_role::matrix) + 32000LL * 4096 ==
              matrix_parameter_count(configs::llama2_7b));
static_assert(entries_with<configs::bert_base>(parameter_role::scale) +
                  entries_with<configs::bert_base>(parameter_role::bias) + (512 + 2) * 768LL ==
              parameter_count(configs::bert_base) - matrix_parameter_count(configs::bert_base));

}  // namespace
