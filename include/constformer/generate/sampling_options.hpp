#pragma once

#include <cstdint>
#include <string_view>

#include "constformer/core/text.hpp"

namespace constformer {

/// standard: penalties, top-k, top-p, min-p, temperature, in that order. llama2c: exactly what llama2.c's run.c does.
enum class sampler_kind : std::uint8_t { standard, llama2c };

/// The enumerator's own name, as --sampler takes it.
[[nodiscard]] constexpr std::string_view name_of(sampler_kind kind) {
  return kind == sampler_kind::llama2c ? "llama2c" : "standard";
}

/// How the next token is chosen from the logits. Names, meanings and defaults are those of llama.cpp's options.
struct sampling_options {
  sampler_kind sampler = sampler_kind::standard;  ///< llama2c knows temperature, top_p and seed only
  float temperature = 0.8F;     ///< logits are divided by it; 0: the largest wins, of equal ones the lowest id
  int top_k = 40;               ///< only this many largest logits are considered; 0: all
  float top_p = 0.95F;          ///< only the fewest tokens that hold this probability; 1: all
  float min_p = 0.05F;          ///< only tokens at least this fraction as likely as the likeliest; 0: all
  float repeat_penalty = 1.0F;  ///< logits of recent tokens are divided by it if positive, else multiplied; 1: off
  int repeat_last_n = 64;       ///< how many tokens are recent; 0: none; -1: the whole context
  bool temperature_first =
      false;  ///< top_p and min_p look at probabilities after the temperature, as transformers has it
  float presence_penalty = 0.0F;   ///< taken off the logit of every recent token
  float frequency_penalty = 0.0F;  ///< taken off the logit of a recent token as often as it occurs
  std::uint64_t seed = 0;          ///< same seed, same logits: same tokens

  bool operator==(sampling_options const&) const = default;
};

/// What run.c samples with if not told otherwise.
[[nodiscard]] constexpr sampling_options llama2c_defaults() {
  return {.sampler = sampler_kind::llama2c,
          .temperature = 1.0F,
          .top_k = 0,
          .top_p = 0.9F,
          .min_p = 0.0F,
          .repeat_penalty = 1.0F,
          .repeat_last_n = 0,
          .presence_penalty = 0.0F,
          .frequency_penalty = 0.0F,
          .seed = 0};
}

/// The first value that makes no sense, as a sentence; empty if all do.
[[nodiscard]] message first_misfit(sampling_options const& options);

}  // namespace constformer
