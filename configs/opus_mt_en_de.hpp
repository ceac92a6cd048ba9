#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Marian, English to German (Helsinki-NLP/opus-mt-en-de), its bias of the logits included: 73,944,309 numbers, of
/// which 73,886,208 are trained.
inline constexpr config opus_mt_en_de =
    marian({.layers = 6, .d_model = 512, .heads = 8, .vocab = 58101, .positions = 512});

}  // namespace constformer::configs
