// The lecture's table of attention intensity (S3): N = 4096 queries and keys of 128 dims in f16, one head.
#include "constformer/analysis/intensity.hpp"

#include "constformer/analysis/traffic.hpp"
#include "constformer/configs/llama2_70b.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/configs/mistral_7b.hpp"

namespace {

using namespace constformer;

constexpr bool rounds_to(double value, double printed) { return value > printed - 0.005 && value < printed + 0.005; }

constexpr std::int64_t n = 4096;
constexpr std::int64_t d = 128;
constexpr attention_extent prompt{n, n, d};
constexpr attention_extent step{1, n, d};
constexpr int f16 = 2;

// Step by step: read Q, K and write S; read S and write P; read P, V and write O.
constexpr naive_attention_traffic steps = traffic_of_naive_attention(prompt, f16);
static_assert(steps.scores.total() == 4 * n * d + 2 * n * n);
static_assert(steps.softmax.total() == 2 * n * n + 2 * n * n);
static_assert(steps.mix.total() == 2 * (n * n + n * d) + 2 * n * d);
static_assert(steps.all().total() == 8 * n * n + 8 * n * d);
static_assert(steps.all().total() == 138'412'032);

static_assert(attention_operations(prompt) == 2 * d * n * n + 3 * n * n + 2 * n * n * d);
static_assert(attention_operations(prompt) == 8'640'266'240);
static_assert(rounds_to(naive_attention_intensity(prompt, f16), 62.42));

// What the lecture's own lines would give: its expanded sum loses one 2N², its result line reads 8N² + N²·d.
static_assert(rounds_to(ratio_of(attention_operations(prompt), 6 * n * n + 8 * n * d), 82.40));
static_assert(rounds_to(ratio_of(attention_operations(prompt), 8 * n * n + n * n * d), 3.79));

// "62" holds for N = 4096 only because the lecture writes d_model for N; a shorter text has less.
static_assert(naive_attention_intensity({1024, 1024, d}, f16) < 58);

// One query of a decode step, and tiled attention, whose scores never reach memory: 8·N·d bytes.
static_assert(rounds_to(naive_attention_intensity(step, f16), 0.99));
static_assert(traffic_of_tiled_attention(prompt, f16, n).total() == 8 * n * d);
static_assert(tiled_attention_intensity(prompt, f16, n) == 2060.0);

// Tiles that read keys and values again and again still move less than scores would.
static_assert(traffic_of_tiled_attention(prompt, f16, 64).total() == 2 * (2 * n * d + 64 * 2 * n * d));
static_assert(traffic_of_tiled_attention(prompt, f16, 100).reads ==
              2 * (n * d + 41 * 2 * n * d));  // the last tile is not full
static_assert(rounds_to(tiled_attention_intensity(prompt, f16, 64), 63.38));

// A whole pass. Decoding reads every weight for 2 FLOPs each: half a FLOP per byte of f32.
static_assert(intensity_of(configs::llama2_7b, decode_pass(16)).tiled > 0.49);
static_assert(intensity_of(configs::llama2_7b, decode_pass(16)).tiled < 0.5);
static_assert(intensity_of(configs::llama2_7b, prefill_pass(512)).tiled > 100);

// Query heads that share keys and values read them once when tiled, once each when naive.
constexpr pass_traffic grouped = traffic_of(configs::llama2_70b, decode_pass(1024), {dtype::f32, {dtype::f16}, 64});
constexpr std::int64_t cached = kv_bytes(configs::llama2_70b, {dtype::f16}, 1, 1024);
constexpr std::int64_t queries = 80LL * 64 * 128 * 4;
static_assert(grouped.attention_tiled.reads == cached + queries);
static_assert(grouped.attention_naive.reads == 8 * cached + queries + 2 * 80LL * 64 * 1024 * 4);
static_assert(grouped.cache.writes == kv_bytes_per_token(configs::llama2_70b, {dtype::f16}));

// Weights are read once per pass, however many tokens it has; the embedding is not, except its rows.
constexpr std::int64_t weights_7b = 4 * (6'738'415'616 - 32000LL * 4096);
static_assert(traffic_of(configs::llama2_7b, decode_pass(1)).weights.reads == weights_7b + 4 * 4096);
static_assert(traffic_of(configs::llama2_7b, prefill_pass(64)).weights.reads == weights_7b + 64LL * 4 * 4096);

// Tiles skip keys that none of their queries sees: behind the window, and (causal) ahead of the tile.
static_assert(detail::tiled_key_rows(configs::llama2_7b, 0, scoring_pass(128), 64) == 64 + 128);
static_assert(detail::tiled_key_rows(configs::mistral_7b, 4096, {64, 8192, 64}, 64) == 4096 + 63);

}  // namespace
