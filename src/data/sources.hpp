#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "constformer/data/batch_source.hpp"
#include "constformer/data/training_data.hpp"
#include "data/token_stream.hpp"

namespace constformer::data {

/// Blocks of a stream of tokens, in the order of the options. `random` is needed by random blocks.
std::unique_ptr<batch_source> open_blocks(std::vector<token_range> ranges, data_options const& options,
                                          torch_generator* random);

}  // namespace constformer::data
