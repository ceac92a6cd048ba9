#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>

#include "constformer/core/error.hpp"
#include "constformer/core/text.hpp"
#include "constformer/generate/generation.hpp"

namespace constformer::detail {

using generation_clock = std::chrono::steady_clock;

inline double seconds_since(generation_clock::time_point start) {
  return std::chrono::duration<double>(generation_clock::now() - start).count();
}

/// Throws unless `prompt` fits into the context.
inline void check_prompt(std::span<int const> prompt, int room) {
  if (prompt.empty()) throw error("generation: the prompt has no tokens");
  if (prompt.size() > static_cast<std::size_t>(room))
    throw error(std::string(
        format_message("generation: the prompt has {} tokens, the context has room for {}", prompt.size(), room)
            .view()));
}

/// Chooses the next token and hands it to `sink`; empty when the generation has ended, and `result` says why. `full`:
/// the context has no room for it.
template <class Sink>
std::optional<int> next_choice(sampler& choose, std::span<float const> logits, generation_limits const& limits,
                               bool full, Sink const& sink, generation_result& result) {
  auto const end = [&result](generation_end why) {
    result.end = why;
    return std::nullopt;
  };
  if (result.tokens == limits.max_tokens) return end(generation_end::max_tokens);
  int const id = choose.choose(logits);
  if (std::ranges::find(limits.stop_ids, id) != limits.stop_ids.end()) {
    result.stop_id = id;
    return end(generation_end::stop_id);
  }
  choose.accept(id);
  ++result.tokens;
  if (!sink(id, logits)) return end(generation_end::sink);
  if (result.tokens == limits.max_tokens) return end(generation_end::max_tokens);  // nobody would look at its logits
  if (full) return end(generation_end::context_full);
  return id;
}

}  // namespace constformer::detail
