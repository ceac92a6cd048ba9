#pragma once

#include "constformer/config/config.hpp"
#include "constformer/configs/nanogpt.hpp"

namespace constformer::configs {

/// nanoGPT trained from scratch: the vocabulary padded from 50257 to 50304, a multiple of 64. 124,373,760 parameters.
inline constexpr config nanogpt_50304 = with(nanogpt, [](config& c) { c.vocab = 50304; });

}  // namespace constformer::configs
