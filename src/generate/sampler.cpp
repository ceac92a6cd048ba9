#include "constformer/generate/sampler.hpp"

#include <string>

#include "constformer/core/error.hpp"
#include "llama2c_sampler.hpp"
#include "standard_sampler.hpp"

namespace constformer {

std::unique_ptr<sampler> make_sampler(sampling_options const& options, int vocab, int capacity) {
  if (auto const misfit = first_misfit(options); !misfit.empty())
    throw error("sampling: " + std::string(misfit.view()));
  if (options.sampler == sampler_kind::llama2c) return std::make_unique<detail::llama2c_sampler>(options, vocab);
  return std::make_unique<detail::standard_sampler>(options, vocab, capacity);
}

}  // namespace constformer
