// The lecture's figures for key and value caches (S3), and what they leave out.
#include "constformer/analysis/kv_cache.hpp"

#include "constformer/config/config.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/llama2_70b.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/configs/llama_7b.hpp"

namespace {

using namespace constformer;
using configs::llama2_70b;
using configs::llama2_7b;

constexpr kv_format f32{dtype::f32};
constexpr kv_format f16{dtype::f16};
constexpr kv_format i8{dtype::i8};
constexpr std::int64_t gib = std::int64_t{1} << 30;
constexpr std::int64_t ten_gb = 10'000'000'000;

// 2·2·L·C bytes per token of a 7B model in f16. The lecture rounds it to 0.00052 GB and so gets 19,230 tokens into 10
// GB.
static_assert(kv_bytes_per_token(llama2_7b, f16) == 2 * 2 * 32 * 4096);
static_assert(kv_bytes_per_token(llama2_7b, f16) == 524'288);
static_assert(kv_tokens_within(llama2_7b, f16, ten_gb) == 19'073);
static_assert(kv_tokens_within(llama2_7b, f16, 10 * gib) == 20'480);

// Four requests of 4096 tokens fit either way; a fifth fits only if 10 GB means GiB.
static_assert(kv_sequences_within(llama2_7b, f16, 4096, ten_gb) == 4);
static_assert(kv_sequences_within(llama2_7b, f16, 4096, 10 * gib) == 5);
static_assert(llama2_7b.positions == 4096 && llama2_7b.positions == 2 * configs::llama_7b.positions);

// 70B at 1024 tokens, batch 1, 16, 32, 64: .3125, 5, 10 and 20 GiB (the first printed as .312); int8 takes half.
static_assert(kv_bytes(llama2_70b, f16, 1, 1024) == 1024LL * (8192 * 8 / 64) * 80 * 2 * 2);
static_assert(16 * kv_bytes(llama2_70b, f16, 1, 1024) == 5 * gib);
static_assert(kv_bytes(llama2_70b, f16, 16, 1024) == 5 * gib);
static_assert(kv_bytes(llama2_70b, f16, 32, 1024) == 10 * gib);
static_assert(kv_bytes(llama2_70b, f16, 64, 1024) == 20 * gib);
static_assert(2 * 16 * kv_bytes(llama2_70b, i8, 1, 1024) == 5 * gib);
static_assert(2 * kv_bytes(llama2_70b, i8, 16, 1024) == 5 * gib);
static_assert(kv_bytes(llama2_70b, i8, 32, 1024) == 5 * gib);
static_assert(kv_bytes(llama2_70b, i8, 64, 1024) == 10 * gib);
static_assert(kv_bytes(llama2_70b, f32, 64, 1024) == 40 * gib);

// MHA ≥ GQA ≥ MQA. Without sharing the 70B cache is eight times as large; with one head for all, an eighth.
constexpr config heads_of_their_own = with(llama2_70b, [](config& c) { c.kv_heads = c.heads; });
constexpr config one_for_all = with(llama2_70b, [](config& c) { c.kv_heads = 1; });
static_assert(kv_bytes_per_token(heads_of_their_own, f16) == 8 * kv_bytes_per_token(llama2_70b, f16));
static_assert(kv_bytes_per_token(llama2_70b, f16) == 8 * kv_bytes_per_token(one_for_all, f16));

// The int8 figures leave out the scales. One per head and token: 2 bytes to 128 values add 1/64, 4 bytes 1/32; a scale
// for each 32 values, as q8_0 has it, adds 1/16.
constexpr kv_format i8_f16_scales{dtype::i8, 128, 2};
constexpr kv_format i8_f32_scales{dtype::i8, 128, 4};
static_assert(64 * kv_scale_bytes_per_token(llama2_70b, i8_f16_scales) == kv_bytes_per_token(llama2_70b, i8));
static_assert(32 * kv_scale_bytes_per_token(llama2_70b, i8_f32_scales) == kv_bytes_per_token(llama2_70b, i8));
static_assert(16 * kv_bytes_per_token(llama2_70b, {dtype::q8_0}) == 17 * kv_bytes_per_token(llama2_70b, i8));

// What `kv_dtype` i8 keeps: the lecture's table of int8 at 1024 tokens, and 1/32 for scales, which it leaves out.
constexpr kv_format kept_i8 = kv_format_of(llama2_70b, dtype::i8);
constexpr std::int64_t mib = std::int64_t{1} << 20;
static_assert(kv_bytes(llama2_70b, i8, 1, 1024) == 160 * mib && kv_bytes(llama2_70b, kept_i8, 1, 1024) == 165 * mib);
static_assert(kv_bytes(llama2_70b, kept_i8, 16, 1024) == 2640 * mib);   // 2.5 GiB and 80 MiB
static_assert(kv_bytes(llama2_70b, kept_i8, 32, 1024) == 5280 * mib);   // 5 GiB and 160 MiB
static_assert(kv_bytes(llama2_70b, kept_i8, 64, 1024) == 10560 * mib);  // 10 GiB and 320 MiB
static_assert(kv_format_of(with(llama2_70b, [](config& c) { c.kv_dtype = dtype::i8; })).bytes_per_scale == 4);
static_assert(kv_bytes(llama2_70b, kv_format_of(llama2_70b), 64, 1024) == 40 * gib);

// A head that is not a whole number of groups still needs a scale for the rest.
constexpr config narrow = with(llama2_7b, [](config& c) { c.head_dim = 48; });
static_assert(kv_scale_bytes_per_token(narrow, {dtype::i8, 32, 2}) == 2 * 32 * 32 * 2 * 2);

// An encoder keeps nothing.
static_assert(kv_bytes_per_token(configs::bert_base, f32) == 0);
static_assert(kv_tokens_within(configs::bert_base, f32, 1) == beyond_counting);

}  // namespace
