#pragma once

#include <optional>
#include <string>

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "json.hpp"

namespace constformer {

/// What the model_config of nanochat says of a model; its arithmetic is that of an era, which no file names.
struct nanochat_sizes {
  shape sizes;
  std::string window_pattern;  ///< of the letters S and L
};

/// Reads a model_config. Throws `error` on what is missing or does not fit.
[[nodiscard]] nanochat_sizes read_nanochat_sizes(json_fields const& model_config);

/// The era whose arithmetic a nanochat has, by its parts.
[[nodiscard]] nanochat_era nanochat_era_of(config const& model);

/// The model_config of a model; none if nanochat never was like that. The softcap of logits is in no model_config.
[[nodiscard]] std::optional<nanochat_sizes> nanochat_sizes_of(config const& model);

}  // namespace constformer
