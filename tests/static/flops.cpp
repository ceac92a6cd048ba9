#include "constformer/analysis/flops.hpp"

#include "constformer/analysis/census.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/gpt2.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/configs/mistral_7b.hpp"
#include "constformer/configs/nanogpt.hpp"

namespace {

using namespace constformer;
using configs::llama2_7b;
using configs::nanogpt;

// nanoGPT's own estimate: 2 per weight of a matrix (the tied head among them), and 4·T²·C per layer.
static_assert(flops_of_scoring(nanogpt, 1024).dense() == 291'648'307'200);
static_assert(flops_of_scoring(nanogpt, 1024).projections == 2LL * 1024 * (12LL * 12 * 768 * 768 + 50257LL * 768));
static_assert(flops_of_scoring(nanogpt, 1024).attention_dense == 4LL * 1024 * 1024 * 768 * 12);
static_assert(flops_of_scoring(nanogpt, 1024).attention == 2LL * 1024 * 1025 * 768 * 12);

// Attention is O(n²): twice the length, four times the work; projections are linear.
static_assert(flops_of_scoring(nanogpt, 1024).attention_dense == 4 * flops_of_scoring(nanogpt, 512).attention_dense);
static_assert(flops_of_scoring(nanogpt, 1024).projections == 2 * flops_of_scoring(nanogpt, 512).projections);

// A token costs 2 per weight outside of the embedding, and 4·C·L per key it sees.
static_assert(flops_of_token(llama2_7b, 4096).projections == 2 * (6'738'415'616 - 32000LL * 4096 - 65LL * 4096));
static_assert(flops_of_token(llama2_7b, 4096).attention == 4LL * 4096 * 32 * 4096);
static_assert(flops_of_token(llama2_7b, 4096).attention == flops_of_token(llama2_7b, 4096).attention_dense);

// A cached step adds exactly what the longer pass has more.
static_assert(flops_of(nanogpt, {100, 0, 0}).triangular() + flops_of(nanogpt, {28, 100, 0}).triangular() ==
              flops_of(nanogpt, {128, 0, 0}).triangular());

// A window of 4096 keys bounds what a token costs.
static_assert(flops_of_token(configs::mistral_7b, 32768).triangular() ==
              flops_of_token(configs::mistral_7b, 4096).triangular());

// A workload is its prompt and one row for each new token but the last.
constexpr std::int64_t counted_workload(config const& c, workload const& w) {
  std::int64_t sum = flops_of_prefill(c, w.context).triangular();
  for (std::int64_t i = 1; i < w.new_tokens; ++i) sum += flops_of_token(c, w.context + i).triangular();
  return w.batch * sum;
}
static_assert(flops_of_workload(configs::gpt2, {3, 50, 20}).triangular() ==
              counted_workload(configs::gpt2, {3, 50, 20}));
static_assert(flops_of_workload(configs::gpt2, {3, 50, 1}).triangular() == counted_workload(configs::gpt2, {3, 50, 1}));

// An encoder sees every pair.
static_assert(flops_of_prefill(configs::bert_base, 128).attention ==
              flops_of_prefill(configs::bert_base, 128).attention_dense);
static_assert(flops_of_prefill(configs::bert_base, 128).projections ==
              2LL * 128 * 12 * 12 * 768 * 768 + 2LL * 768 * 768);  // and its pooler one row

}  // namespace
