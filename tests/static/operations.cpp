// The operation table of the founding note on nano-GPT (S0), row by row, for any T and for its own example H = L = 3.
#include "constformer/analysis/operations.hpp"

#include "constformer/analysis/pass.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/gpt2.hpp"
#include "constformer/configs/llama2_70b.hpp"
#include "constformer/configs/nanogpt.hpp"
#include "constformer/configs/nanogpt_sort.hpp"

namespace {

using namespace constformer;

constexpr bool is_row(operation const& o, std::string_view name, operation_kind kind, std::int64_t times) {
  return o.name == name && o.kind == kind && o.times() == times;
}

// Head by head: 3HL projections of q, k, v; HL score products; HL mixes; L of each other linear layer; one head.
constexpr bool has_the_notes_products(config const& c, std::int64_t tokens) {
  auto const table = operations_of(c, scoring_pass(tokens));
  std::int64_t const layers = c.layers;
  std::int64_t const head_layers = std::int64_t{c.heads} * c.layers;
  using enum operation_kind;
  return is_row(table[0], "query", gemm, head_layers) && is_row(table[1], "key", gemm, head_layers) &&
         is_row(table[2], "value", gemm, head_layers) && is_row(table[3], "scores", sddmm, head_layers) &&
         is_row(table[4], "mix", spmm, head_layers) && is_row(table[5], "attention output", gemm, layers) &&
         is_row(table[6], "gate", gemm, 0) && is_row(table[7], "up", gemm, layers) &&
         is_row(table[8], "down", gemm, layers) && is_row(table[9], "head transform", gemm, 0) &&
         is_row(table[10], "head", gemm, 1) && is_row(table[11], "pooler", gemv, 0);
}

constexpr bool has_the_notes_vectors(config const& c, std::int64_t tokens) {
  vector_operations const v = vector_operations_of(c, scoring_pass(tokens));
  std::int64_t const token_layers = tokens * c.layers;
  return v.embedding == tokens && v.biases == 3 * token_layers * c.heads + 3 * token_layers &&
         v.residuals == 2 * token_layers && v.activations == token_layers && v.gates == 0 && v.rotations == 0 &&
         // The note prints C·T·L·2 elements and forgets ln_f; in vectors it is 2·T·(2L + 1).
         v.norms == 2 * tokens * (2 * c.layers + 1);
}

constexpr bool has_the_notes_totals(config const& c, std::int64_t tokens) {
  operation_counts const n = count_operations(c, scoring_pass(tokens));
  std::int64_t const vec_vec = tokens + 3 * tokens * c.heads * c.layers + 3 * tokens * c.layers;
  return n.gemm_with_scores() == c.layers * (4 * c.heads + 3) + 1 && n.spmm == c.heads * c.layers && n.gemv == 0 &&
         n.vectors.additions() == vec_vec + 2 * tokens * c.layers + n.vectors.norms;
}

// "GELU touches 4CTL elements": T·L vectors of d_ff = 4C.
static_assert(configs::nanogpt_sort.d_ff == 4 * configs::nanogpt_sort.d_model);

static_assert(has_the_notes_products(configs::nanogpt_sort, 6));
static_assert(has_the_notes_vectors(configs::nanogpt_sort, 6));
static_assert(has_the_notes_totals(configs::nanogpt_sort, 6));
static_assert(has_the_notes_products(configs::gpt2, 1024));
static_assert(has_the_notes_vectors(configs::gpt2, 1024));
static_assert(has_the_notes_totals(configs::gpt2, 1024));

// H = L = 3, the sorting model on six letters; each head is 16 wide.
constexpr operation_counts sorting = count_operations(configs::nanogpt_sort, scoring_pass(6));
static_assert(configs::nanogpt_sort.head_dim == 16);
static_assert(sorting.gemm_with_scores() == 46);
static_assert(sorting.gemm == 37);
static_assert(sorting.sddmm == 9);
static_assert(sorting.spmm == 9);
static_assert(sorting.vectors.embedding == 6);
static_assert(sorting.vectors.biases == 162 + 54);
static_assert(sorting.vectors.residuals == 36);
static_assert(sorting.vectors.norms == 84);

// One token at a time every GEMM is a GEMV, and nothing is left to mask.
constexpr operation_counts stepping = count_operations(configs::nanogpt_sort, decode_pass(6));
static_assert(stepping.gemv == 46 + 9);
static_assert(stepping.gemm == 0 && stepping.sddmm == 0 && stepping.spmm == 0);

// Q·Kᵀ computes T(T+1)/2 useful dot products of T².
constexpr operation scores = operations_of(configs::nanogpt_sort, scoring_pass(6))[3];
static_assert(scores.multiply_adds == 6 * 7 / 2 * 16);
static_assert(scores.dense_multiply_adds() == 6 * 6 * 16);

// Without biases the additions of biases go, and each norm only scales.
constexpr operation_counts bias_free = count_operations(configs::nanogpt, scoring_pass(1024));
static_assert(bias_free.vectors.biases == 0);
static_assert(bias_free.vectors.norms == 1024 * 25);

// Grouped keys and values, gate, rotation: what Llama 2 70B has instead.
constexpr operation_counts llama = count_operations(configs::llama2_70b, scoring_pass(16));
static_assert(llama.gemm == 80 * (64 + 8 + 8 + 1 + 3) + 1);
static_assert(llama.sddmm == 80 * 64 && llama.spmm == 80 * 64);
static_assert(llama.vectors.rotations == 16 * 80 * (64 + 8));
static_assert(llama.vectors.gates == 16 * 80);
static_assert(llama.vectors.embedding == 0);

// An encoder masks nothing: its attention is GEMM, and its pooler one GEMV.
constexpr operation_counts encoder = count_operations(configs::bert_base, scoring_pass(128));
static_assert(encoder.sddmm == 0 && encoder.spmm == 0);
static_assert(encoder.gemm == 12 * (5 * 12 + 3));
static_assert(encoder.gemv == 1);
static_assert(encoder.vectors.embedding == 2 * 128);

}  // namespace
