#pragma once

#include <string>

#include "constformer/checkpoint/generation_defaults.hpp"
#include "constformer/generate/sampling_options.hpp"
#include "options.hpp"

namespace constformer::program {

/// The values to sample with: those given, else those that the checkpoint asks for, else the sampler's own, for the
/// seed something from the clock and the process. A checkpoint that asks for sampling means transformers' values where
/// it says none, and thresholds after the temperature. The llama2c sampler is what run.c is, whatever a checkpoint asks
/// for. Throws `usage_error` if they make no sense.
sampling_options resolve_sampling(sampling_choice const& choice, generation_defaults const& asked);

/// `o` with what a checkpoint asks for in its place.
sampling_options asked_sampling(sampling_options o, generation_defaults const& asked);

/// The values in use, on one line.
std::string describe(sampling_options const& options);

}  // namespace constformer::program
