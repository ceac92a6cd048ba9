#pragma once

#include <bit>
#include <cstdint>

#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

namespace detail {

// FNV-1a over 64-bit words; a fingerprint tells models and layouts apart, it guards against no one.
struct word_hash {
  std::uint64_t state = 0xcbf29ce484222325U;
  constexpr void add(std::int64_t word) {
    for (int i = 0; i < 8; ++i)
      state = (state ^ ((static_cast<std::uint64_t>(word) >> (8 * i)) & 0xff)) * 0x100000001b3U;
  }
  constexpr void add(float value) { add(std::int64_t{std::bit_cast<std::int32_t>(value)}); }
};

constexpr void add_arithmetic(word_hash& hash, config const& c) {
  for (int word : {c.layers,
                   c.d_model,
                   c.heads,
                   c.kv_heads,
                   c.head_dim,
                   c.d_ff,
                   c.vocab,
                   c.positions,
                   c.first_position,
                   c.segments,
                   c.window,
                   c.labels,
                   c.relative.buckets,
                   c.relative.max_distance,
                   c.encoder.layers,
                   c.encoder.heads,
                   c.encoder.head_dim,
                   c.encoder.d_ff,
                   c.encoder.vocab,
                   c.smear_inputs,
                   c.value_gate_inputs})
    hash.add(std::int64_t{word});
  for (bool word : {c.norm_bias,      c.gated,
                    c.scale_scores,   c.scale_scores_by_layer,
                    c.bias_qkv,       c.bias_attention_output,
                    c.bias_ffn,       c.bias_head,
                    c.embedding_norm, c.tied,
                    c.pooler,         c.rope.truncate,
                    c.norm_adds_one,  c.parallel,
                    c.qk_norm,        c.rope.f16_frequencies,
                    c.norm_weight,    c.residual_gains,
                    c.backout,        c.qk_norm_last,
                    c.rope.backwards, c.zero_start})
    hash.add(std::int64_t{word});
  for (auto word :
       {static_cast<int>(c.norm), static_cast<int>(c.place), static_cast<int>(c.activation),
        static_cast<int>(c.position), static_cast<int>(c.mask), static_cast<int>(c.head),
        static_cast<int>(c.rope.scaling), static_cast<int>(c.pooler_activation), static_cast<int>(c.classifier)})
    hash.add(std::int64_t{word});
  for (float word : {c.norm_eps, c.embedding_scale, c.logit_scale, c.rope.theta, c.rope.factor, c.rope.low_freq_factor,
                     c.rope.high_freq_factor, c.rope.beta_fast, c.rope.beta_slow, c.rope.attention_factor, c.score_gain,
                     c.score_softcap, c.logit_softcap, c.value_gate_limit})
    hash.add(word);
  for (int word : {c.prefix.end, c.prefix.blank, c.prefix.other_blank, c.rope.planes}) hash.add(std::int64_t{word});
  hash.add(c.residual_scale);
  for (float word : c.rope.short_factors.values) hash.add(word);
  for (float word : c.rope.long_factors.values) hash.add(word);
  for (std::uint64_t word : c.value_layers.words) hash.add(static_cast<std::int64_t>(word));
  for (std::uint64_t word : c.unwindowed.words) hash.add(static_cast<std::int64_t>(word));
  hash.add(std::int64_t{c.rope.rotary_dims});
  hash.add(std::int64_t{c.rope.original_positions});
  hash.add(static_cast<std::int64_t>(c.kv_dtype));
}

}  // namespace detail

/// A number that a packed file and the program that reads it must share: of all that decides arithmetic, and of where
/// every packed parameter lies. The capacity is not in it: one packed file serves programs of different context sizes.
[[nodiscard]] constexpr std::uint64_t fingerprint_of(config const& c) {
  detail::word_hash hash;
  detail::add_arithmetic(hash, c);
  pack_plan const plan = pack_plan_of(c);
  for (pack_step const& step : plan.view()) {
    for (std::int64_t word :
         {std::int64_t{step.rows}, std::int64_t{step.cols}, step.offset, step.layer_stride,
          std::int64_t{step.first_row}, std::int64_t{step.panel_step}, std::int64_t{step.rotary_dims},
          static_cast<std::int64_t>(step.kind), static_cast<std::int64_t>(step.type)})
      hash.add(word);
    for (int i = 0; step.runs.count > 1 && i < step.runs.count; ++i) {
      packed_run const& run = step.runs.list[i];
      for (std::int64_t word : {static_cast<std::int64_t>(run.type), run.offset, run.stride}) hash.add(word);
      for (std::uint64_t word : run.layers.words) hash.add(static_cast<std::int64_t>(word));
    }
  }
  return hash.state;
}

}  // namespace constformer
