#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "constformer/config/config.hpp"

namespace constformer {

/// The extent of a tensor's first axis; 0 if the checkpoint has no such tensor.
using rows_of_tensor = std::function<long long(std::string const& name)>;

/// Whether `family` is one of BERT and its relatives, whose tensors tell which heads stand on the stack.
[[nodiscard]] bool is_encoder_family(family_kind family);

/// Sets pooler, head and classifier of an encoder's config as the tensors ask for; `architecture` tells a classifier of
/// tokens from one of sequences where both have the same names. `prefix` stands before the names of the stack. Throws
/// `error`, beginning with `where`, if a head computes something that config cannot say.
void find_encoder_heads(config& model, std::string_view architecture, std::string const& prefix,
                        rows_of_tensor const& rows, std::string const& where);

/// Whether a tensor belongs to a head that `model` does not have: for training, or of a kind that is not supported.
[[nodiscard]] bool is_of_absent_head(config const& model, std::string_view name);

}  // namespace constformer
