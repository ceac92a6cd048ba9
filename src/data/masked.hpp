#pragma once

#include <memory>

#include "constformer/data/batch_source.hpp"
#include "constformer/data/training_data.hpp"
#include "constformer/text/tokenizer.hpp"
#include "data/lines.hpp"

namespace constformer::data {

/// BERT's masked pairs of the documents in lines, which are kept blank. The last share of the documents is left to
/// `validation`, if it is not null.
std::unique_ptr<batch_source> open_masked(line_range lines, tokenizer const& text, data_options const& options);

/// Lines cut between documents: the last share of them apart.
split_lines split_documents(std::shared_ptr<mapped_lines const> lines, double share);

}  // namespace constformer::data
