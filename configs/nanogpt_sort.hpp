#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// The letter sorter of the nano-GPT note: three letters, CBABBC becomes ABBBCC. 85,584 parameters; six letters go in
/// and five more come back, so that it never sees more than eleven.
inline constexpr config nanogpt_sort =
    constformer::gpt2({.layers = 3, .d_model = 48, .heads = 3, .vocab = 3, .positions = 11});

}  // namespace constformer::configs
