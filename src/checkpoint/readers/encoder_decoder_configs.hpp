#pragma once

#include "constformer/config/config.hpp"
#include "json.hpp"

// The config that the config.json of an encoder-decoder model asks for. They refuse what `config` cannot say;
// `first_misfit` judges the result.

namespace constformer {

/// Distances have no end, so only memory bounds the context of T5; the releases were trained on 512.
inline constexpr int t5_positions = 4096;

[[nodiscard]] config read_t5(json_fields const& fields);

/// mT5 (arXiv:2010.11934): T5 1.1, whose head's input is never scaled.
[[nodiscard]] config read_mt5(json_fields const& fields);
[[nodiscard]] config read_marian(json_fields const& fields);

/// Our own config.json for the state_dict of the lecture code and of the paper's form; docs/formats.md describes it.
[[nodiscard]] config read_transformer(json_fields const& fields);

}  // namespace constformer
