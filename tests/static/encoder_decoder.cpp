// What an encoder and a decoder beside it cost, against figures worked out by hand from the shapes.
#include "constformer/analysis/census.hpp"

#include "constformer/configs/aren_transliteration.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/stories260k.hpp"
#include "constformer/configs/t5_small.hpp"
#include "constformer/layers/stage.hpp"

namespace {

using namespace constformer;

// One word of 6 letters becomes 7 tokens: 6 + 6 layers, d_model 32, 8 heads of 4, d_ff 128, 43 target tokens.
constexpr config const& word_model = configs::aren_transliteration;
constexpr census_report word = census_of<word_model, workload{1, 1, 7, 6}>;

constexpr std::int64_t square = 32 * 32, feed_forward = 2 * 32 * 128;
constexpr std::int64_t encoder_weights = 6 * (4 * square + feed_forward);
constexpr std::int64_t source_weights = 6 * 2 * square;  // keys and values of cross-attention
constexpr std::int64_t token_weights = 6 * (4 * square + 2 * square + feed_forward) + 43 * 32;

// The encoder: every query sees every key, and nothing is masked.
static_assert(word.encoder.flops.projections == 2 * 6 * encoder_weights);
static_assert(word.encoder.flops.attention == 4 * 32 * 6 * 6 * 6);  // scores and mix, 6 layers, 6 × 6 pairs
static_assert(word.encoder.flops.attention_dense == word.encoder.flops.attention);
static_assert(word.encoder.operations.gemm ==
              6 * (3 * 8 + 2 * 8 + 1 + 2));  // q, k, v, scores, mix by head; output, up, down
static_assert(word.encoder.operations.gemv + word.encoder.operations.sddmm + word.encoder.operations.spmm == 0);
static_assert(word.encoder.operations.vectors.norms ==
              6 * 2 * (2 * 6 + 1));  // tokens, weight and bias, two a block and the last
static_assert(word.encoder.bytes.weights.reads == 4 * (parameters_of(word_model).encoder - 51 * 32 + 6 * 32));

// Keys and values of the source are made once, by the pass of the start token; later tokens only read them.
static_assert(word.prefill.flops.projections == 2 * (token_weights + 6 * source_weights));
static_assert(word.decode.flops.projections == 2 * token_weights);
static_assert(word.prefill.flops.attention == 4 * 32 * 6 * (1 + 6));
static_assert(word.decode.flops.attention == 4 * 32 * 6 * (7 + 6));
static_assert(word.decode.operations.gemm == 0);
static_assert(word.decode.operations.gemv == 6 * (3 * 8 + 2 * 8 + 1 + 8 + 2 * 8 + 1 + 2) + 1);
static_assert(word.prefill.operations.gemm == 6 * 2 * 8);  // those keys and values, head by head
static_assert(word.prefill.bytes.cache.writes - word.decode.bytes.cache.writes == 4 * 6 * 6 * 2 * 32);
static_assert(word.prefill.bytes.weights.reads - word.decode.bytes.weights.reads == 4 * source_weights);

// All of it: source, start token, six more tokens.
static_assert(word.flops.projections == 2 * (6 * encoder_weights + 6 * source_weights + 7 * token_weights));
static_assert(word.flops.attention == 4 * 32 * 6 * (6 * 6 + 7 * 6 + 7 * 8 / 2));
static_assert(flops_of_workload(word_model, {60, 1, 7, 6}).projections == 60 * word.flops.projections);

// A prefix that is forced goes in with the start token.
constexpr flop_count forced = flops_of(word_model, with_source(prefill_pass(3), 6, 6));
static_assert(forced.projections == 2 * (3 * (token_weights - 43 * 32) + 43 * 32 + 6 * source_weights));
static_assert(forced.attention == 4 * 32 * 6 * (3 * 4 / 2 + 3 * 6));
static_assert(forced.attention_dense == 4 * 32 * 6 * (3 * 3 + 3 * 6));

// What is kept, and that the engine keeps it.
static_assert(word.kv.f32 == 8 * 6 * 2 * 32 * 4 && word.source_kv.f32 == 6 * 6 * 2 * 32 * 4);
static_assert(word.source_kv.f16 == word.source_kv.f32 / 2);
constexpr stage_plan t5_plan = stage_plan::of(configs::t5_small, 1, 64);
static_assert(static_cast<std::int64_t>(t5_plan.source_keys + t5_plan.source_values) ==
              census_of<configs::t5_small, workload{1, 1, 1, 64}>.source_kv.f32);
static_assert(word.encoder_workspace.residual == 4 * 6 * 32 && word.encoder_workspace.logits == 0);

// T5's heads are as wide as they like: t5-small's 8 of 64 make d_model, t5-11b's do not.
constexpr census_report text = census_of<configs::t5_small, workload{2, 1, 20, 100}>;
static_assert(text.encoder.flops.attention == 4LL * 512 * 6 * 100 * 100);
static_assert(text.decode.flops.attention == 4LL * 512 * 6 * (20 + 100));

// Other models have none of it.
static_assert(census_of<configs::bert_base, workload{1, 8}>.encoder.flops.dense() == 0);
static_assert(census_of<configs::stories260k, workload{1, 8, 8}>.source_kv.f32 == 0);
static_assert(workload_misfit(configs::stories260k, {1, 8, 8, 3}).view() ==
              "workload: source=3 needs an encoder beside a decoder");
static_assert(workload_misfit(word_model, {1, 1, 7}).view() ==
              "workload: source=0 must be positive, for the model has an encoder");
static_assert(workload_misfit(word_model, {1, 1, 7, 4097}).view() ==
              "workload: source=4097 is more than capacity=4096");

}  // namespace
