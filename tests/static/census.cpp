#include "constformer/analysis/census.hpp"

#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/gpt2.hpp"
#include "constformer/configs/llama2_70b.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/configs/nanochat_d12.hpp"
#include "constformer/configs/stories260k.hpp"

namespace {

using namespace constformer;

// One line holds everything that a run would cost.
constexpr census_report chat = census_of<configs::llama2_7b, workload{4, 4000, 96}>;
static_assert(chat.parameters.total() == 6'738'415'616);
static_assert(chat.parameter_bytes == 4 * 6'738'415'616);
static_assert(chat.kv.f16 == 4LL * 4096 * 524'288);
static_assert(chat.kv.i8_scaled == chat.kv.i8 + chat.kv.i8 / 32);
static_assert(chat.kv_per_token.f32 == 2 * 524'288);
static_assert(chat.prefill.operations.gemv == 1);  // the head, for the last row alone
static_assert(chat.decode.operations.gemm == 0);
static_assert(chat.decode.flops.triangular() == flops_of_token(configs::llama2_7b, 4095).triangular());
static_assert(chat.prefill.intensity.tiled > 100 && chat.decode.intensity.tiled < 1);

// Activations of a chunk, and what naive attention would hold besides.
constexpr activation_workspace chunk = workspace_of(configs::llama2_70b, 64, 1);
static_assert(chunk.residual == 4 * 64 * 8192);
static_assert(chunk.qkv == 4 * 64 * (64 + 2 * 8) * 128);
static_assert(chunk.hidden == 4 * 64 * 28672);
static_assert(chunk.logits == 4 * 32000);
static_assert(chunk.shared() == chunk.residual + chunk.normed + chunk.hidden);
static_assert(chunk.separate() == chunk.shared() + chunk.qkv + chunk.mixed + chunk.logits);
static_assert(chat.naive_score_bytes == 4LL * 32 * 4000 * 4000);

// Matrices and token embeddings in bf16, everything else in f32.
constexpr config gpt2_bf16 = with(configs::gpt2, [](config& c) { c.weights = dtype::bf16; });
constexpr std::int64_t matrices = 50257LL * 768 + 12LL * 12 * 768 * 768;
static_assert(matrix_parameter_count(configs::gpt2) == matrices);
static_assert(parameter_bytes(gpt2_bf16) == 2 * matrices + 4 * (124'439'808 - matrices));
static_assert(census_of<configs::gpt2, workload{1, 1000, 24}>.parameter_bytes == 497'759'232);

// An encoder has no decode and no cache.
constexpr census_report encoder = census_of<configs::bert_base, workload{8, 128, 0}>;
static_assert(encoder.decode.flops.dense() == 0 && encoder.kv.f32 == 0 && encoder.workspace.logits == 0);
static_assert(encoder.flops.dense() == 8 * encoder.prefill.flops.dense());

// nanochat: a token's value embeddings, which six of twelve layers have, and the gains of every layer. Gates and gains
// stay f32.
constexpr config d12_bf16 = with(configs::nanochat_d12, [](config& c) { c.weights = dtype::bf16; });
constexpr census_report d12 = census_of<d12_bf16, workload{1, 64, 8}>;
static_assert(d12.parameters.values == 6 * (32768LL * 768 + 6 * 12));
static_assert(d12.parameters.mixing == 24 + 1 + 2 * 12 + 1);
static_assert(d12.parameter_bytes == 2 * d12.parameters.total() + 2 * (6 * 6 * 12 + d12.parameters.mixing));
static_assert(d12.prefill.operations.vectors.values == 64 * 6 * 6);
static_assert(d12.prefill.operations.vectors.mixing == 64 * (1 + 12 + 1));
static_assert(d12.decode.flops.projections == 2 * (12LL * 12 * 768 * 768 + 32768LL * 768 + 6 * 6 * 12 + 24));
static_assert(d12.decode.bytes.weights.reads == d12.parameter_bytes - 2 * 7 * 32768LL * 768 + 2 * (2 + 6) * 768);
static_assert(d12.workspace.carried == 2 * d12.workspace.residual);

static_assert(workload_misfit(configs::stories260k, {1, 500, 12}).empty());
static_assert(workload_misfit(configs::stories260k, {1, 500, 13}).view() ==
              "workload: context=500 and new_tokens=13 are more than capacity=512");
static_assert(workload_misfit(configs::stories260k, {0, 1, 0}).view() == "workload: batch=0 must be positive");
static_assert(workload_misfit(configs::stories260k, {1, 0, 0}).view() == "workload: context=0 must be positive");
static_assert(workload_misfit(configs::stories260k, {1, 1, -1}).view() ==
              "workload: new_tokens=-1 must not be negative");
static_assert(workload_misfit(configs::bert_base, {1, 8, 1}).view() ==
              "workload: new_tokens=1 needs head=language_model, it is none");

}  // namespace
