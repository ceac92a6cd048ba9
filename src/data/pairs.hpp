#pragma once

#include <memory>

#include "constformer/data/batch_source.hpp"
#include "constformer/data/training_data.hpp"
#include "constformer/text/tokenizer.hpp"
#include "data/pair_text.hpp"

namespace constformer::data {

/// Batches of pairs of like lengths. Pairs that are longer than the options allow are left out.
std::unique_ptr<batch_source> open_pairs(pair_lines lines, tokenizer const& text, data_options const& options);

}  // namespace constformer::data
