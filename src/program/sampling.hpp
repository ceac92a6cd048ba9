#pragma once

#include <string>

#include "constformer/generate/sampling_options.hpp"
#include "options.hpp"

namespace constformer::program {

/// The values to sample with: those given, else the sampler's own, else for the seed something from the clock and the
/// process. Throws `usage_error` if they make no sense.
sampling_options resolve_sampling(sampling_choice const& choice);

/// The values in use, on one line.
std::string describe(sampling_options const& options);

}  // namespace constformer::program
