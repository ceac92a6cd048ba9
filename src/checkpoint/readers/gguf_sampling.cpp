#include "gguf_sampling.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

constexpr std::string_view group = "general.sampling.";

std::string full(std::string_view key) { return std::string(group) + std::string(key); }

[[noreturn]] void refuse(gguf_file const& file, std::string_view key, std::string const& what) {
  throw error(file.where + ": key " + full(key) + " " + what);
}

std::optional<float> real_within(gguf_file const& file, std::string_view key, float least, float most) {
  auto const value = file.real(full(key));
  if (value && !(*value >= least && *value <= most))
    refuse(file, key,
           "is " + std::to_string(*value) + ", it must be between " + std::to_string(least) + " and " +
               std::to_string(most));
  return value;
}

// Samplers that change nothing at the values that are accepted.
bool is_neutral(std::string_view sampler) {
  constexpr std::array names{"dry", "top_n_sigma", "typ_p", "typical_p", "xtc"};
  return std::ranges::find(names, sampler) != names.end();
}

// The names of a chain, with ; between them, without the neutral ones.
std::string chain_of(std::string_view names) {
  std::string out;
  while (!names.empty()) {
    std::string_view const name = names.substr(0, names.find(';'));
    if (!is_neutral(name)) out += (out.empty() ? "" : ";") + std::string(name);
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
  return out;
}

void refuse_other_samplers(gguf_file const& file) {
  constexpr std::string_view chain = "penalties;top_k;top_p;min_p;temperature";
  if (auto const asked = file.text(full("sequence")); asked && chain_of(*asked) != chain)
    refuse(file, "sequence", "is \"" + asked->substr(0, 80) + "\", supported is " + std::string(chain));
  if (auto const kind = file.integer(full("mirostat")); kind && *kind != 0)
    refuse(file, "mirostat", "is " + std::to_string(*kind) + ", mirostat is not supported");
  constexpr float never = 0.5F;  // a threshold above it removes nothing
  float const threshold = file.real(full("xtc_threshold")).value_or(0.1F);
  if (auto const chance = file.real(full("xtc_probability")); chance && *chance > 0 && threshold <= never)
    refuse(file, "xtc_probability", "is " + std::to_string(*chance) + ", exclusion of top choices is not supported");
}

}  // namespace

generation_defaults read_gguf_sampling(gguf_file const& file) {
  constexpr float huge = 1e6F;
  constexpr int usual_window = 64;
  refuse_other_samplers(file);
  generation_defaults out;
  // llama.cpp takes what is not above 0 for greedy, for all, and for no penalty.
  if (auto const t = real_within(file, "temp", -huge, huge)) out.temperature = std::max(*t, 0.0F);
  if (auto const k = file.integer(full("top_k"))) out.top_k = std::clamp(*k, 0, 1 << 24);
  if (auto const p = real_within(file, "top_p", 0.0F, huge)) out.top_p = std::min(*p, 1.0F);
  out.min_p = real_within(file, "min_p", 0.0F, 1.0F);
  out.repetition_penalty = real_within(file, "penalty_repeat", 1e-6F, huge);
  out.repetition_window = file.integer(full("penalty_last_n"));
  if (out.repetition_window) out.repetition_window = std::clamp(*out.repetition_window, -1, 1 << 24);
  if (out.repetition_penalty && !out.repetition_window) out.repetition_window = usual_window;
  if (out != generation_defaults{}) out.from = "general.sampling";
  return out;
}

}  // namespace constformer
