#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// CTranslate2's test model, Arabic to Latin letters (OpenNMT/CTranslate2, tests/data/models): 182,731 parameters.
inline constexpr config aren_transliteration =
    opennmt({.layers = 6, .d_model = 32, .heads = 8, .vocab = 43, .positions = 4096}, 51);

}  // namespace constformer::configs
