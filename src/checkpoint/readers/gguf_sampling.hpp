#pragma once

#include "constformer/checkpoint/generation_defaults.hpp"
#include "constformer/checkpoint/gguf.hpp"

namespace constformer {

/// What the keys general.sampling.* ask for. As in llama.cpp they replace its own defaults, which are the standard
/// sampler's, one by one. Throws `error` naming a key that asks for a sampler which is not supported.
[[nodiscard]] generation_defaults read_gguf_sampling(gguf_file const& file);

}  // namespace constformer
