#pragma once

#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/analysis/flops.hpp"
#include "constformer/analysis/intensity.hpp"
#include "constformer/analysis/kv_cache.hpp"
#include "constformer/analysis/operations.hpp"
#include "constformer/analysis/parameters.hpp"
#include "constformer/analysis/pass.hpp"
#include "constformer/analysis/traffic.hpp"
#include "constformer/analysis/workspace.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/text.hpp"

namespace constformer {

/// `batch` sequences that each read `context` tokens and generate `new_tokens` more. With an encoder each has a source
/// of its own besides, and its prompt is what the target begins with: the start token, and a prefix if one is forced.
struct workload {
  std::int64_t batch = 1;       ///< sequences
  std::int64_t context = 1;     ///< tokens of each prompt
  std::int64_t new_tokens = 0;  ///< tokens generated after each
  std::int64_t source = 0;      ///< tokens of each source; encoder-decoder models only
};

/// Why `w` cannot run on `c`, in one sentence; empty if it can.
[[nodiscard]] constexpr message workload_misfit(config const& c, workload const& w) {
  if (w.batch < 1) return format_message("workload: batch={} must be positive", w.batch);
  if (w.context < 1) return format_message("workload: context={} must be positive", w.context);
  if (w.new_tokens < 0) return format_message("workload: new_tokens={} must not be negative", w.new_tokens);
  if (w.new_tokens > 0 && c.head != head_kind::language_model)
    return format_message("workload: new_tokens={} needs head=language_model, it is {}", w.new_tokens, name_of(c.head));
  if (has_encoder(c) && w.source < 1)
    return format_message("workload: source={} must be positive, for the model has an encoder", w.source);
  if (!has_encoder(c) && w.source != 0)
    return format_message("workload: source={} needs an encoder beside a decoder", w.source);
  if (w.source > c.capacity)
    return format_message("workload: source={} is more than capacity={}", w.source, c.capacity);
  if (sum_of(w.context, w.new_tokens) > c.capacity)
    return format_message("workload: context={} and new_tokens={} are more than capacity={}", w.context, w.new_tokens,
                          c.capacity);
  return {};
}

/// What one kind of pass of one sequence costs.
struct pass_census {
  operation_counts operations{};  ///< by kind
  flop_count flops{};             ///< of matrix products
  pass_traffic bytes{};           ///< moved
  pass_intensity intensity{};     ///< FLOPs per byte
};

/// Bytes of keys and values in each format that caches come in; int8 with and without scales.
struct kv_census {
  std::int64_t f32 = 0;        ///< four bytes a value
  std::int64_t f16 = 0;        ///< two bytes a value; bf16 too
  std::int64_t i8 = 0;         ///< one byte a value, scales left out
  std::int64_t i8_scaled = 0;  ///< one byte a value, and an f32 scale per head and token, as `kv_dtype` i8 has it
};

/// Everything a workload costs, exact and before anything runs.
struct census_report {
  parameter_breakdown parameters{};  ///< trained numbers by place
  std::int64_t parameter_bytes = 0;  ///< as stored, matrices as config.weights
  pass_census encoder{};             ///< one source is encoded; zero without an encoder beside a decoder
  pass_census prefill{};             ///< one sequence reads its prompt; keys and values of its source are made
  pass_census decode{};              ///< one sequence makes its last token, with the longest context; zero for encoders
  flop_count flops{};                ///< the whole workload, all sequences
  kv_census kv_per_token{};          ///< one token of one sequence
  kv_census kv{};                    ///< all sequences at their longest
  kv_census source_kv{};             ///< of all sources, for cross-attention
  activation_workspace workspace{};  ///< one sequence, its prompt in one chunk
  activation_workspace encoder_workspace{};  ///< one source
  std::int64_t naive_score_bytes = 0;        ///< what tiled attention saves of that, per layer
};

namespace detail {

constexpr pass_census census_of(config const& c, forward_pass const& p, storage const& s) {
  return {count_operations(c, p), flops_of(c, p), traffic_of(c, p, s), intensity_of(c, p, s)};
}

constexpr kv_census kv_census_of(config const& c, std::int64_t tokens) {
  return {kv_bytes(c, {dtype::f32}, 1, tokens), kv_bytes(c, {dtype::f16}, 1, tokens),
          kv_bytes(c, {dtype::i8}, 1, tokens), kv_bytes(c, kv_format_of(c, dtype::i8), 1, tokens)};
}

constexpr flop_count added(flop_count const& a, flop_count const& b) {
  return {sum_of(a.projections, b.projections), sum_of(a.attention, b.attention),
          sum_of(a.attention_dense, b.attention_dense)};
}

constexpr flop_count flops_of_prompt(config const& c, workload const& w) {
  flop_count const prompt = flops_of(c, with_source(prefill_pass(w.context), w.source, w.source));
  return has_encoder(c) ? added(prompt, flops_of(encoder_of(c), encoder_pass(w.source))) : prompt;
}

// The prompt gives the first new token and the last one is not fed back: new_tokens − 1 rows follow the prompt.
constexpr flop_count flops_of_sequence(config const& c, workload const& w) {
  flop_count const prompt = flops_of_prompt(c, w);
  if (w.new_tokens < 2) return prompt;
  flop_count rest = flops_of(c, with_source({w.new_tokens - 1, w.context, w.new_tokens - 1}, w.source, 0));
  // One row at a time there is nothing masked to skip.
  rest.attention_dense = rest.attention;
  return added(prompt, rest);
}

}  // namespace detail

/// FLOPs of a whole workload: batch times prompt and generated tokens.
[[nodiscard]] constexpr flop_count flops_of_workload(config const& c, workload const& w) {
  flop_count const one = detail::flops_of_sequence(c, w);
  return {product_of(w.batch, one.projections), product_of(w.batch, one.attention),
          product_of(w.batch, one.attention_dense)};
}

/// The report of `w` on `c`; both must be valid (`first_misfit`, `workload_misfit`).
///
///     constexpr auto report = census(configs::llama2_7b, {.batch = 4, .context = 4000, .new_tokens = 96});
///     static_assert(report.kv.f16 == 8'589'934'592);
[[nodiscard]] constexpr census_report census(config const& c, workload const& w, storage const& s = {}) {
  std::int64_t const longest = sum_of(w.context, w.new_tokens);
  census_report r;
  r.parameters = parameters_of(c);
  r.parameter_bytes = parameter_bytes(c);
  r.prefill = detail::census_of(c, with_source(prefill_pass(w.context), w.source, w.source), s);
  if (w.new_tokens > 0) r.decode = detail::census_of(c, with_source(decode_pass(longest - 1), w.source, 0), s);
  if (has_encoder(c)) {
    r.encoder = detail::census_of(encoder_of(c), encoder_pass(w.source), s);
    r.encoder_workspace = workspace_of(encoder_of(c), w.source, 0);
    r.source_kv = detail::kv_census_of(c, product_of(w.batch, w.source));
  }
  r.flops = flops_of_workload(c, w);
  r.kv_per_token = detail::kv_census_of(c, 1);
  r.kv = detail::kv_census_of(c, product_of(w.batch, longest));
  r.workspace = workspace_of(c, w.context, 1);
  r.naive_score_bytes = naive_score_bytes(c, w.context, w.context);
  return r;
}

/// The same in constant evaluation, for a named config: compiles only if config and workload are valid.
///
///     static_assert(census_of<configs::gpt2, workload{1, 1000, 24}>.parameter_bytes == 497'759'232);
template <config const& Config, workload Workload>
struct checked_census {
  static_assert(valid_config<Config>::value);
  static constexpr message misfit = workload_misfit(Config, Workload);  ///< empty, or it does not compile
  static_assert(require_empty<misfit>::value);
  static constexpr census_report value = census(Config, Workload);  ///< the report
};

/// `checked_census` without the `::value`.
template <config const& Config, workload Workload>
inline constexpr census_report census_of = checked_census<Config, Workload>::value;

}  // namespace constformer
