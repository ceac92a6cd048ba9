#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "constformer/data/batch_source.hpp"
#include "constformer/data/training_data.hpp"
#include "data/token_stream.hpp"

namespace constformer::data {

/// The seed of the options, else that of most originals.
[[nodiscard]] inline std::uint32_t seed_of(data_options const& options, std::uint32_t otherwise = 42) {
  return options.seed < 0 ? otherwise : static_cast<std::uint32_t>(options.seed);
}

/// Blocks of a stream of tokens, in the order of the options. `random` is needed by random blocks.
std::unique_ptr<batch_source> open_blocks(std::vector<token_range> ranges, data_options const& options,
                                          torch_generator* random);

}  // namespace constformer::data
